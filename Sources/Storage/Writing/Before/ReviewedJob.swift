import Core

/// A job whose writes functions have to look at, on its way to and fro between them and the writer. `@unchecked` because it belongs to
/// one at a time: the writer's thread, or who asks the functions.
final class ReviewedJob: WriteJob, @unchecked Sendable {
  private let job: any WriteJob
  private let before: BeforeTriggers
  /// What was said, by the writes' places in the job.
  private(set) var answers: [Int: BeforeAnswer] = [:]
  private var rounds = 0
  private var hasTurn = false

  init(_ job: any WriteJob, before: BeforeTriggers) {
    self.job = job
    self.before = before
  }

  var isSingleChange: Bool { job.isSingleChange }
  var writes: Int { job.writes }
  var collectsProposals: Bool { job.collectsProposals }

  func run(in transaction: WriteTransaction) throws { try job.run(in: transaction) }

  func finish(_ failure: (any Error)?) {
    if hasTurn { before.leave(owner) }
    job.finish(failure)
  }

  private var owner: UInt64 { UInt64(UInt(bitPattern: ObjectIdentifier(self))) }

  /// Has the functions look at the proposals, and then tries again. Writes of one document wait for each other, so that each is looked at once.
  /// Those of functions do not: what they wait for may be waiting for them.
  func review(_ open: BeforeOpen, again: @escaping @Sendable () -> Void) {
    if !hasTurn {
      let documents = open.proposals.values.filter { $0.actor.depth == 0 }.map { $0.collection + "/" + $0.id }
      hasTurn = true
      do {
        // Who had to wait looks at the document anew.
        guard try before.enter(owner, Set(documents), then: again) else { return }
      } catch {
        hasTurn = false
        return finish(error)
      }
    }
    rounds += 1
    guard rounds <= Limits.beforeRoundsMax else {
      return finish(RoostError(.conflict, "Others changed the document each time while functions looked at this write. Try again."))
    }
    before.ask(open.proposals) { [self] answers in
      self.answers.merge(answers) { _, new in new }
      again()
    }
  }
}

extension Writer {
  /// On the writer's thread, after an attempt that was undone.
  func review(_ job: any WriteJob, _ open: BeforeOpen) {
    let reviewed = job as? ReviewedJob ?? ReviewedJob(job, before: before)
    reviewed.review(open) { [self] in submitOwn(reviewed) }
  }
}
