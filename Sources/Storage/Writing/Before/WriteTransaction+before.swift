import Core
import JSON

extension WriteTransaction {
  /// A write of a collection with before triggers. Throws `BeforeOpen` where they have to be asked first; a job that collects goes on
  /// as if they had agreed, so that later writes find what they build on.
  func apply(_ write: DocumentWrite, patches: PatchAllowance, through gate: BeforeGate, of round: BeforeRound) throws -> DocumentOutcome {
    let start = now
    let id = write.id ?? gate.id ?? makeID(at: start)
    let current = write.id == nil ? nil : try database.document(id, in: write.collection.number)
    let moment = WriteMoment(current: current, id: id, now: gate.time(of: current) ?? start, reader: database, patches: patches, gate: gate)
    let decision = try write.decide(moment)
    guard let proposal = gate.proposal else {
      guard gate.wasAsked || !decision.isChange(of: current) else {
        throw RoostError(.internal, "A write of '\(write.collection.name)' went past its before triggers.")
      }
      return try carryOut(decision, write, moment)
    }
    round.add(proposal)
    guard round.collects else {
      try round.requireComplete()
      return nothing(current)
    }
    do {
      return try undoing { try carryOut(decision, write, moment) }
    } catch {
      // What the functions make of it may fit where this does not.
      guard database.isInTransaction else { throw error }
      return nothing(current)
    }
  }

  private func nothing(_ current: DocumentRecord?) -> DocumentOutcome { DocumentOutcome(before: current, after: nil, visible: nil) }
}

extension DocumentDecision {
  fileprivate func isChange(of current: DocumentRecord?) -> Bool {
    switch self {
    case .keep: false
    case .store, .restore: true
    case .delete, .purge: current != nil
    }
  }
}
