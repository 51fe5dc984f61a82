import JSON

/// One change of one document. The store calls `decide` inside the transaction, with the document as it is then, and
/// commits what it answers together with the event. `decide` may run more than once: it only looks and decides.
package struct DocumentWrite: Sendable {
  package let collection: Collection
  /// `nil`: a new document whose id (UUIDv7) the store makes, in commit order.
  package let id: String?
  package let actor: EventActor
  package let decide: @Sendable (_ current: DocumentRecord?, _ id: String, _ now: Timestamp) throws -> DocumentDecision

  package init(
    collection: Collection, id: String?, actor: EventActor,
    decide: @escaping @Sendable (_ current: DocumentRecord?, _ id: String, _ now: Timestamp) throws -> DocumentDecision
  ) {
    self.collection = collection
    self.id = id
    self.actor = actor
    self.decide = decide
  }
}

package enum DocumentDecision: Sendable {
  /// The body without our fields: creates the document or replaces it, with the next version.
  case store(body: [UInt8])
  case delete
  /// Nothing changes: no event, no new version.
  case keep
}

/// Who caused an event, and how deep in a chain of triggers.
package struct EventActor: Sendable {
  /// A JSON object, or nil for anonymous callers.
  package let auth: [UInt8]?
  package let depth: Int

  package init(auth: [UInt8]?, depth: Int) {
    self.auth = auth
    self.depth = depth
  }

  package init(_ caller: Caller) {
    self.init(auth: caller.eventAuth?.bytes(), depth: caller.triggerDepth)
  }
}

/// What a write did. Both nil: there was nothing and nothing was written.
package struct DocumentOutcome: Sendable {
  package let before: DocumentRecord?
  package let after: DocumentRecord?

  package init(before: DocumentRecord?, after: DocumentRecord?) {
    self.before = before
    self.after = after
  }
}
