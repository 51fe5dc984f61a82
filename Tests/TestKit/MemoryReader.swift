import Core
import JSON
import Synchronization

/// Documents of other collections, for what rules look up. Counts how often it is asked.
package final class MemoryReader: DocumentReader, Sendable {
  private let documents: [String: [String: String]]
  private let asked = Mutex(0)
  private let failure: (any Error)?

  /// `["teams": ["t1": #"{"owner":"ada"}"#]]`
  package init(_ documents: [String: [String: String]] = [:], failing failure: (any Error)? = nil) {
    self.documents = documents
    self.failure = failure
  }

  package var reads: Int { asked.withLock { $0 } }

  package func document(_ id: String, in collection: String) throws -> DocumentRecord? {
    asked.withLock { $0 += 1 }
    if let failure { throw failure }
    guard let body = documents[collection]?[id] else { return nil }
    let then = Timestamp(milliseconds: 1_700_000_000_000)
    return DocumentRecord(id: id, version: 1, created: then, updated: then, body: Array(body.utf8))
  }
}

extension DocumentWrite {
  /// What the write decides where it finds this document.
  package func decision(_ current: DocumentRecord?, _ id: String, _ now: Timestamp, reader: MemoryReader = MemoryReader()) throws -> DocumentDecision {
    try decide(WriteMoment(current: current, id: id, now: now, reader: reader))
  }
}
