import Core

/// One attempt of a job at passing the before triggers. Belongs to the writer's thread.
final class BeforeRound {
  private let hooks: [String: [BeforeHook]]
  private let answers: [Int: BeforeAnswer]
  let collects: Bool
  private var place = -1
  private var open: [Int: BeforeProposal] = [:]

  init(_ job: any WriteJob, hooks: [String: [BeforeHook]]) {
    self.hooks = hooks
    answers = (job as? ReviewedJob)?.answers ?? [:]
    collects = job.collectsProposals
  }

  /// Call once for each write of the job, in its order. Nil where the collection has no before triggers.
  func gate(for write: DocumentWrite) -> BeforeGate? {
    place += 1
    guard let hooks = hooks[write.collection.name] else { return nil }
    return BeforeGate(collection: write.collection.name, hooks: hooks, actor: write.actor, answer: answers[place])
  }

  /// The write that was asked for last has to be looked at first.
  func add(_ proposal: BeforeProposal) { open[place] = proposal }

  /// Throws `BeforeOpen` where a write has to be looked at first: the attempt is undone.
  func requireComplete() throws {
    if !open.isEmpty { throw BeforeOpen(proposals: open) }
  }
}

/// Functions have to look at these writes of a job, by their places in it, before it can be committed.
struct BeforeOpen: Error {
  let proposals: [Int: BeforeProposal]
}
