import JSON

// Durable runs of functions.
extension RoostClient {
  /// Newest first; only those of the status, if one is named.
  package func runs(of name: String, status: String? = nil, limit: Int? = nil, cursor: String? = nil) async throws -> RoostPage {
    try RoostPage(
      await send(.get, ["v1", "functions", name, "runs"], query: [("status", status), ("limit", limit.map(String.init)), ("cursor", cursor)]))
  }

  /// With its steps.
  package func run(_ id: String, of name: String) async throws -> JSONValue {
    try await send(.get, ["v1", "functions", name, "runs", id])
  }

  package func cancel(run id: String, of name: String) async throws {
    try await send(.post, ["v1", "functions", name, "runs", id, "cancel"])
  }
}
