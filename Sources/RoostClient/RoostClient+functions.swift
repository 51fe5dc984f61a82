import JSON

extension RoostClient {
  package func functions() async throws -> RoostPage { try RoostPage(await send(.get, ["v1", "functions"])) }

  /// With its source.
  package func function(_ name: String) async throws -> JSONValue { try await send(.get, ["v1", "functions", name]) }

  /// Deploys a new version: the manifest with its `source`. A refused one leaves the old version serving.
  package func deployFunction(_ definition: JSONValue, name: String, traffic: Double? = nil) async throws -> JSONValue {
    try await send(.put, ["v1", "functions", name], query: [("traffic", traffic.map { String($0) })], body: definition)
  }

  package func deleteFunction(_ name: String) async throws { try await send(.delete, ["v1", "functions", name]) }

  /// Runs it once, now: `{"event": …}`, or with a sample.
  package func testFunction(_ name: String, _ test: JSONValue) async throws -> JSONValue {
    try await send(.post, ["v1", "functions", name, "test"], body: test)
  }

  /// What a search has to find, by the names that the API gives it; `nil` for anything.
  package typealias Wanted = [(String, String?)]

  /// Newest first.
  package func invocations(of name: String, where wanted: Wanted = [], limit: Int? = nil, cursor: String? = nil) async throws -> RoostPage {
    try await functionList(name, "invocations", limit, cursor, wanted)
  }

  /// Newest first.
  package func logs(of name: String, where wanted: Wanted = [], limit: Int? = nil, cursor: String? = nil) async throws -> RoostPage {
    try await functionList(name, "logs", limit, cursor, wanted)
  }

  /// Sums by `by`: `function`, `day` or `project`.
  package func usage(by: String, where wanted: Wanted = [], limit: Int? = nil, cursor: String? = nil) async throws -> RoostPage {
    try RoostPage(await send(.get, ["v1", "usage"], query: [("by", by), ("limit", limit.map(String.init)), ("cursor", cursor)] + wanted))
  }

  package func deadLetters(of name: String, limit: Int? = nil, cursor: String? = nil) async throws -> RoostPage {
    try await functionList(name, "dead-letters", limit, cursor)
  }

  /// Delivers the event again, from its first attempt.
  package func replay(deadLetter id: String, of name: String) async throws {
    try await send(.post, ["v1", "functions", name, "dead-letters", id, "replay"])
  }

  /// Names and dates; of one function, or for all of them.
  package func secrets(of function: String?) async throws -> RoostPage { try RoostPage(await send(.get, Self.secretsPath(function))) }

  @discardableResult
  package func putSecret(_ name: String, value: String, of function: String?) async throws -> JSONValue {
    try await send(.put, Self.secretsPath(function) + [name], body: ["value": .string(value)])
  }

  package func deleteSecret(_ name: String, of function: String?) async throws { try await send(.delete, Self.secretsPath(function) + [name]) }

  private static func secretsPath(_ function: String?) -> [String] { ["v1"] + (function.map { ["functions", $0] } ?? []) + ["secrets"] }

  private func functionList(_ name: String, _ part: String, _ limit: Int?, _ cursor: String?, _ wanted: Wanted = []) async throws -> RoostPage {
    try RoostPage(await send(.get, ["v1", "functions", name, part], query: [("limit", limit.map(String.init)), ("cursor", cursor)] + wanted))
  }
}
