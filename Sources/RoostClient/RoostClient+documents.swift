import JSON

extension RoostClient {
  package func documents(_ collection: String, _ options: ListOptions = ListOptions()) async throws -> RoostPage {
    try RoostPage(await send(.get, ["v1", "documents", collection], query: options.query))
  }

  package func document(_ id: String, in collection: String, fields: String? = nil) async throws -> JSONValue {
    try await send(.get, ["v1", "documents", collection, id], query: [("fields", fields)])
  }

  package func createDocument(_ document: JSONValue, in collection: String) async throws -> JSONValue {
    try await send(.post, ["v1", "documents", collection], body: document)
  }

  /// Creates or replaces.
  /// - Parameter ifVersion: refuse (`precondition_failed`) unless the document has this version; 0: unless there is none.
  package func putDocument(_ document: JSONValue, id: String, in collection: String, ifVersion: Int64? = nil) async throws -> JSONValue {
    try await send(.put, ["v1", "documents", collection, id], body: document, ifVersion: ifVersion)
  }

  /// A merge patch (RFC 7396).
  package func patchDocument(_ patch: JSONValue, id: String, in collection: String, ifVersion: Int64? = nil) async throws -> JSONValue {
    try await send(.patch, ["v1", "documents", collection, id], body: patch, ifVersion: ifVersion)
  }

  package func deleteDocument(_ id: String, in collection: String, ifVersion: Int64? = nil) async throws {
    try await send(.delete, ["v1", "documents", collection, id], ifVersion: ifVersion)
  }

  /// All writes or none: `{"op", "collection", "id", "data", "ifVersion"}` each, at most `ClientLimits.batchWritesMax`.
  package func batch(_ writes: [JSONValue]) async throws -> [JSONValue] {
    try RoostPage(await send(.post, ["v1", "batch"], body: ["writes": .array(writes)])).items
  }
}
