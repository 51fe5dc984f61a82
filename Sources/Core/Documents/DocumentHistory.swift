/// One kept version of a document: what a write left, or that it took the document away.
package struct PastVersion: Sendable {
  package enum Operation: String, Sendable {
    /// The version that the document had when the history was turned on.
    case base
    case created, updated, deleted, restored
  }

  package let id: String
  package let version: Int64
  package let operation: Operation
  /// When it was written; of a base, when the document says that it was.
  package let at: Timestamp
  /// The document's own times.
  package let created: Timestamp
  package let updated: Timestamp
  /// Who wrote it, as in events; nil for anonymous callers, and for a base, of which it is not known.
  package let auth: [UInt8]?
  /// Nil for `deleted`.
  package let body: [UInt8]?

  package init(
    id: String, version: Int64, operation: Operation, at: Timestamp, created: Timestamp, updated: Timestamp, auth: [UInt8]?, body: [UInt8]?
  ) {
    self.id = id
    self.version = version
    self.operation = operation
    self.at = at
    self.created = created
    self.updated = updated
    self.auth = auth
    self.body = body
  }

  /// A version that nobody wrote down: how the document stands.
  package init(base document: DocumentRecord) {
    self.init(
      id: document.id, version: document.version, operation: .base, at: document.updated, created: document.created, updated: document.updated, auth: nil,
      body: document.body)
  }

  /// The document as it was; nil for `deleted`.
  package var document: DocumentRecord? {
    body.map { DocumentRecord(id: id, version: version, created: created, updated: updated, body: $0) }
  }
}

/// A document that was deleted and whose versions are kept.
package struct DeletedDocument: Sendable {
  package let deletion: PastVersion
  /// As it was; nil if that version is not kept any more.
  package let last: DocumentRecord?

  package init(deletion: PastVersion, last: DocumentRecord?) {
    self.deletion = deletion
    self.last = last
  }
}

/// One page of a collection's deleted documents, last deleted first.
package struct DeletedPage: Sendable {
  package let items: [DeletedDocument]
  /// The next page has those before this place; nil if there are no more.
  package let next: Int64?

  package init(items: [DeletedDocument], next: Int64?) {
    self.items = items
    self.next = next
  }
}

/// One page of a document's versions, newest first.
package struct HistoryPage: Sendable {
  package struct Entry: Sendable {
    package let past: PastVersion
    /// As the caller may see it; nil for `deleted`.
    package let document: DocumentRecord?
  }

  package let entries: [Entry]
  /// The next page has the versions before this one; nil if there are no more.
  package let next: Int64?
}
