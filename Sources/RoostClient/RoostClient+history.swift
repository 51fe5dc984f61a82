import JSON

extension RoostClient {
  /// The versions of a document, newest first.
  package func history(of id: String, in collection: String, limit: Int? = nil, cursor: String? = nil) async throws -> RoostPage {
    try RoostPage(await send(.get, ["v1", "documents", collection, id, "history"], query: [("limit", limit.map(String.init)), ("cursor", cursor)]))
  }

  /// Writes an earlier version anew.
  /// - Parameter version: nil for the last one of a deleted document.
  package func restore(_ id: String, in collection: String, version: Int64?) async throws -> JSONValue {
    try await send(.post, ["v1", "documents", collection, id, "restore"], body: version.map { ["version": .int($0)] } ?? [:])
  }

  /// The documents that were deleted and can be restored, last deleted first.
  package func deletedDocuments(_ collection: String, limit: Int? = nil, cursor: String? = nil) async throws -> RoostPage {
    try RoostPage(await send(.get, ["v1", "documents", collection], query: [("deleted", "true"), ("limit", limit.map(String.init)), ("cursor", cursor)]))
  }

  /// Deletes the document with everything that is kept of it.
  package func purgeDocument(_ id: String, in collection: String) async throws {
    try await send(.delete, ["v1", "documents", collection, id], query: [("purge", "true")])
  }
}
