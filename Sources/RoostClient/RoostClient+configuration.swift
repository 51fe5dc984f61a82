import JSON

extension RoostClient {
  package func collections() async throws -> RoostPage { try RoostPage(await send(.get, ["v1", "collections"])) }

  package func collection(_ name: String) async throws -> JSONValue { try await send(.get, ["v1", "collections", name]) }

  /// Creates the collection or replaces its configuration.
  package func putCollection(_ configuration: JSONValue, name: String) async throws -> JSONValue {
    try await send(.put, ["v1", "collections", name], body: configuration)
  }

  /// How the collection's documents fit the schema of a configuration, which is not saved.
  package func checkCollection(_ configuration: JSONValue, name: String) async throws -> JSONValue {
    try await send(.put, ["v1", "collections", name], query: [("validate", "true")], body: configuration)
  }

  /// With all its documents.
  package func deleteCollection(_ name: String) async throws { try await send(.delete, ["v1", "collections", name]) }

  package func buckets() async throws -> RoostPage { try RoostPage(await send(.get, ["v1", "buckets"])) }

  package func bucket(_ name: String) async throws -> JSONValue { try await send(.get, ["v1", "buckets", name]) }

  package func putBucket(_ configuration: JSONValue, name: String) async throws -> JSONValue {
    try await send(.put, ["v1", "buckets", name], body: configuration)
  }

  package func deleteBucket(_ name: String) async throws { try await send(.delete, ["v1", "buckets", name]) }

  /// What the server says of itself; needs no token.
  package func ready() async throws -> JSONValue { try await send(.get, ["readyz"]) }
}
