/// A write that the rules let through and that before triggers are to look at.
package struct BeforeProposal: Sendable {
  package let collection: String
  /// Also of a new document: it is stored under this id.
  package let id: String
  package let current: DocumentRecord?
  /// As the caller would have it; nil where the document is to be deleted.
  package let body: [UInt8]?
  package let now: Timestamp
  package let actor: EventActor

  package init(collection: String, id: String, current: DocumentRecord?, body: [UInt8]?, now: Timestamp, actor: EventActor) {
    self.collection = collection
    self.id = id
    self.current = current
    self.body = body
    self.now = now
    self.actor = actor
  }

  /// Whether what was said of the other holds for this one, too.
  func isSame(as other: BeforeProposal) -> Bool {
    collection == other.collection && id == other.id && current == other.current && body == other.body
  }

  /// The change as the event that it would become.
  package func event(_ body: [UInt8]?) -> LogEvent {
    let after = body.map {
      DocumentRecord(id: id, version: (current?.version ?? 0) + 1, created: current?.created ?? now, updated: now, body: $0)
    }
    return LogEvent(
      sequence: 0, time: now, kind: .document, action: after == nil ? .deleted : current == nil ? .created : .updated, container: collection, subject: id,
      before: current?.json(), after: after?.json(), auth: actor.auth, depth: actor.depth)
  }
}

/// What the functions said of a proposal: the body to store (nil for a deletion), or why the write is refused.
package struct BeforeAnswer: Sendable {
  package let proposal: BeforeProposal
  package let verdict: Result<[UInt8]?, RoostError>

  package init(proposal: BeforeProposal, verdict: Result<[UInt8]?, RoostError>) {
    self.proposal = proposal
    self.verdict = verdict
  }
}
