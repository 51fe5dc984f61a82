/// Documents at rest. Implementations pass the contract suite in Tests/StorageTests.
///
/// The hot operations answer through a completion, which SQLite calls at once on the calling event loop and PostgreSQL later
/// on some thread; one handler serves both. `lane` is the number of that event loop.
/// Errors: `RoostError` for what the caller can act on; anything else is an internal error.
package protocol DocumentStore: LifetimeStore, Sendable {
  typealias Completion<Value> = @Sendable (Result<Value, any Error>) -> Void

  func get(_ id: String, in collection: Collection, lane: Int, then: @escaping Completion<DocumentRecord?>)

  /// Runs `work` with a reader on one snapshot: on that lane at once, or on the pool. For decisions that look at several documents.
  func read<Value: Sendable>(lane: Int, _ work: @escaping @Sendable (any DocumentReader) throws -> Value, then: @escaping Completion<Value>)

  /// Items are as the caller may see them.
  func page(_ query: DocumentQuery, in collection: Collection, lane: Int, then: @escaping Completion<DocumentPage>)

  /// The page and what belongs to it, read in one snapshot, on the pool.
  func page(_ query: DocumentQuery, with extras: PageExtras, in collection: Collection, then: @escaping Completion<DocumentPage>)

  /// Groups of all documents that match; the query's order and limit do not count. Runs on the pool.
  func aggregate(_ query: DocumentQuery, as aggregation: DocumentAggregation, in collection: Collection, then: @escaping Completion<AggregatePage>)

  /// Runs `work` on the pool with a reader on one snapshot; it asks now and then whether its time is over.
  func scan<Value: Sendable>(
    _ work: @escaping @Sendable (any DocumentReader, _ isOver: @escaping () -> Bool) throws -> Value, then: @escaping Completion<Value>)

  /// How the documents of an aggregation would be read.
  func aggregationPlan(_ query: DocumentQuery, in collection: Collection, then: @escaping Completion<QueryPlan>)

  /// All that the query finds, with the log's end in the same snapshot. Errors: `result_too_large`, `query_too_slow`, `overloaded`.
  func snapshot(_ query: DocumentQuery, in collection: Collection, then: @escaping Completion<DocumentSnapshot>)

  /// How a page of this query would be read.
  func plan(_ query: DocumentQuery, in collection: Collection, then: @escaping Completion<QueryPlan>)

  /// All of them or none, in one commit together with their events. Answers after the commit is durable.
  /// Errors: `already_exists`, `conflict` (a unique index; names the fields), whatever `decide` throws, `storage_full`, `overloaded`.
  /// Where one of several fails, the error is a `FailedWrite`. With `repeatable` also: `AlreadyAnswered`, `idempotency_key_reused`.
  func write(_ writes: [DocumentWrite], repeatable: Repeatable<[DocumentOutcome]>?, then: @escaping Completion<[DocumentOutcome]>)

  /// Forgets what was answered to repeatable requests up to this moment, in bounded portions.
  func removeAnswers(before moment: Timestamp) async throws

  /// Each on its own, in this order and in one commit: one that fails does not keep the others from being written. Answers after the commit
  /// is durable, with an outcome for each that was looked at: fewer than there are where `stop` says so. Fails for what is no document's
  /// fault, and then nothing of it was written.
  func importDocuments(_ writes: [DocumentWrite], _ control: ImportControl, then: @escaping Completion<[ImportOutcome]>)

  /// The next documents in the order of their ids. Looks at a bounded number of them, so that it answers soon, whatever the filter.
  /// Errors: `collection_not_found`, and what rules fail with that look up.
  func slice(_ query: DocumentQuery, in collection: Collection, after id: String?, then: @escaping Completion<DocumentSlice>)
}

/// A piece of a collection.
package struct DocumentSlice: Sendable {
  /// As the caller may see them; may be empty though there is more.
  package let items: [DocumentRecord]
  /// Where to go on; nil at the end.
  package let last: String?

  package init(items: [DocumentRecord], last: String?) {
    self.items = items
    self.last = last
  }
}

extension DocumentStore {
  package func write(_ writes: [DocumentWrite], then: @escaping Completion<[DocumentOutcome]>) {
    write(writes, repeatable: nil, then: then)
  }

  package func write(_ write: DocumentWrite) async throws -> DocumentOutcome {
    try await withCheckedThrowingContinuation { continuation in
      self.write([write]) { result in continuation.resume(with: result.map { $0[0] }) }
    }
  }

  package func get(_ id: String, in collection: Collection) async throws -> DocumentRecord? {
    try await withCheckedThrowingContinuation { continuation in
      get(id, in: collection, lane: offLane) { continuation.resume(with: $0) }
    }
  }

  package func read<Value: Sendable>(_ work: @escaping @Sendable (any DocumentReader) throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      read(lane: offLane, work) { continuation.resume(with: $0) }
    }
  }

  package func plan(_ query: DocumentQuery, in collection: Collection) async throws -> QueryPlan {
    try await withCheckedThrowingContinuation { continuation in
      plan(query, in: collection) { continuation.resume(with: $0) }
    }
  }

  package func slice(_ query: DocumentQuery, in collection: Collection, after id: String?) async throws -> DocumentSlice {
    try await withCheckedThrowingContinuation { continuation in
      slice(query, in: collection, after: id) { continuation.resume(with: $0) }
    }
  }

  package func page(_ query: DocumentQuery, in collection: Collection) async throws -> DocumentPage {
    try await withCheckedThrowingContinuation { continuation in
      page(query, in: collection, lane: offLane) { continuation.resume(with: $0) }
    }
  }
}

extension DocumentStore {
  package func page(_ query: DocumentQuery, with extras: PageExtras, in collection: Collection) async throws -> DocumentPage {
    try await withCheckedThrowingContinuation { continuation in
      page(query, with: extras, in: collection) { continuation.resume(with: $0) }
    }
  }

  package func aggregate(_ query: DocumentQuery, as aggregation: DocumentAggregation, in collection: Collection) async throws -> AggregatePage {
    try await withCheckedThrowingContinuation { continuation in
      aggregate(query, as: aggregation, in: collection) { continuation.resume(with: $0) }
    }
  }
}

/// The lane of a caller that is on no event loop: it is served by the reader pool.
package let offLane = -1
