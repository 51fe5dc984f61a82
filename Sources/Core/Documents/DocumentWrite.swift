import JSON

/// One change of one document. The store calls `decide` inside the transaction and commits what it answers together with the event.
/// `decide` may run more than once: it only looks and decides.
package struct DocumentWrite: Sendable {
  package let collection: Collection
  /// `nil`: a new document whose id (UUIDv7) the store makes, in commit order.
  package let id: String?
  package let actor: EventActor
  package let decide: @Sendable (WriteMoment) throws -> DocumentDecision
  /// What the caller may see of the document that was written, also asked inside the transaction; nil where that is all of it.
  package let view: (@Sendable (DocumentRecord, WriteMoment) throws -> DocumentRecord?)?
  /// What a new document that comes from elsewhere brings along; nil for the time of the write.
  package let times: DocumentTimes?

  package init(
    collection: Collection, id: String?, actor: EventActor, view: (@Sendable (DocumentRecord, WriteMoment) throws -> DocumentRecord?)? = nil,
    times: DocumentTimes? = nil, decide: @escaping @Sendable (WriteMoment) throws -> DocumentDecision
  ) {
    self.collection = collection
    self.id = id
    self.actor = actor
    self.view = view
    self.times = times
    self.decide = decide
  }

  /// What the caller may see of the document that was written.
  package func visible(_ document: DocumentRecord, _ moment: WriteMoment) throws -> DocumentRecord? {
    guard let view else { return document }
    return try view(document, moment)
  }
}

/// When a document was made and last changed.
package struct DocumentTimes: Sendable, Equatable {
  package let created: Timestamp
  package let updated: Timestamp

  package init(created: Timestamp, updated: Timestamp) {
    self.created = created
    self.updated = updated
  }
}

/// How things stand when a write's turn has come. Belongs to the transaction: it must not be kept.
package struct WriteMoment {
  package let current: DocumentRecord?
  /// The document's id, also of a new one.
  package let id: String
  package let now: Timestamp
  /// Sees what the transaction has written so far.
  package let reader: any DocumentReader
  /// What its patch may cost, with the others of its batch.
  package let patches: PatchAllowance
  /// What the write has to pass where the collection has before triggers.
  package let gate: BeforeGate?

  package init(
    current: DocumentRecord?, id: String, now: Timestamp, reader: any DocumentReader, patches: PatchAllowance = PatchAllowance(), gate: BeforeGate? = nil
  ) {
    self.current = current
    self.id = id
    self.now = now
    self.reader = reader
    self.patches = patches
    self.gate = gate
  }

  /// What is stored where the caller would store `body`: what the before triggers made of it, if there are any, once it `fits`. The rules have been
  /// asked about what the caller sent. While the functions have not been asked yet nothing is checked, and nothing will be stored.
  package func settled(_ body: [UInt8], fits: ([UInt8]) throws -> Void) throws -> [UInt8] {
    guard let gate else {
      try fits(body)
      return body
    }
    guard case .agreed(let agreed) = try gate.pass(body, self) else { return body }
    try fits(agreed ?? body)
    return agreed ?? body
  }

  /// Call before a document is deleted. Throws what the before triggers say against it.
  package func settleDeletion() throws {
    if let gate, current != nil { _ = try gate.pass(nil, self) }
  }
}

package enum DocumentDecision: Sendable {
  /// The body without our fields: creates the document or replaces it, with the next version.
  case store(body: [UInt8])
  case delete
  /// Stores the body of an earlier version. A document that was deleted comes back with the time of its creation.
  case restore(body: [UInt8], created: Timestamp)
  /// Deletes the document, if it is there, with every version that is kept of it.
  case purge
  /// Nothing changes: no event, no new version.
  case keep
}

/// Who caused an event, and how deep in a chain of triggers.
package struct EventActor: Sendable {
  /// A JSON object, or nil for anonymous callers.
  package let auth: [UInt8]?
  package let depth: Int
  /// The W3C trace context of the request, as a `traceparent`.
  package let trace: String?

  package init(auth: [UInt8]?, depth: Int, trace: String? = nil) {
    self.auth = auth
    self.depth = depth
    self.trace = trace
  }

  package init(_ caller: Caller, trace: String? = nil) {
    self.init(auth: caller.eventAuth?.bytes(), depth: caller.triggerDepth, trace: trace)
  }

  /// The server itself, keeping a schedule.
  package static let schedule = EventActor(auth: Array(#"{"type":"system","id":"schedule"}"#.utf8), depth: 0)
  /// The server itself, removing what has expired.
  package static let timeToLive = EventActor(auth: Array(#"{"type":"system","id":"ttl"}"#.utf8), depth: 0)
}

/// What a write did. Both nil: there was nothing and nothing was written.
package struct DocumentOutcome: Sendable {
  package let before: DocumentRecord?
  package let after: DocumentRecord?
  /// `after` as the caller may see it; nil where they may not.
  package let visible: DocumentRecord?

  package init(before: DocumentRecord?, after: DocumentRecord?, visible: DocumentRecord?) {
    self.before = before
    self.after = after
    self.visible = visible
  }
}
