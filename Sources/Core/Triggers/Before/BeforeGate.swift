/// Stands before one write of a collection with before triggers, for one attempt at it. The access asks it inside the transaction, when the rules
/// have let the write through; the functions themselves run outside. Belongs to the writer's thread.
package final class BeforeGate {
  private let collection: String
  private let hooks: [BeforeHook]
  private let actor: EventActor
  /// What was said at an earlier attempt.
  private let answer: BeforeAnswer?
  /// Nobody has answered yet, and the attempt comes to nothing.
  package private(set) var proposal: BeforeProposal?
  /// Whether it was asked: a change that did not ask must not be stored.
  package private(set) var wasAsked = false
  /// What the caller would have stored, where a function has changed that.
  package private(set) var sent: [UInt8]?

  package init(collection: String, hooks: [BeforeHook], actor: EventActor, answer: BeforeAnswer?) {
    self.collection = collection
    self.hooks = hooks
    self.actor = actor
    self.answer = answer
  }

  /// The id that a new document without one was given at an earlier attempt: functions have seen it.
  package var id: String? { answer?.proposal.id }

  /// The time that functions have seen, as long as nothing has changed since.
  package func time(of current: DocumentRecord?) -> Timestamp? {
    guard let seen = answer?.proposal, seen.current == current else { return nil }
    return seen.now
  }

  enum Passage {
    /// To be stored; nil for a deletion.
    case agreed([UInt8]?)
    /// The functions have to be asked first.
    case open
  }

  /// Throws `write_refused`, or what the functions failed with.
  func pass(_ body: [UInt8]?, _ moment: WriteMoment) throws -> Passage {
    wasAsked = true
    let proposal = BeforeProposal(collection: collection, id: moment.id, current: moment.current, body: body, now: moment.now, actor: actor)
    if let answer, answer.proposal.isSame(as: proposal) {
      let agreed = try answer.verdict.get()
      if let agreed, agreed != body { sent = body }
      return .agreed(agreed)
    }
    let event = proposal.event(body)
    guard hooks.contains(where: { $0.wants(event) }) else { return .agreed(body) }
    self.proposal = proposal
    return .open
  }
}
