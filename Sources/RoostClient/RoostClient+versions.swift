import AsyncHTTPClient
import JSON
import NIOCore

extension RoostClient {
  /// Newest first.
  package func versions(of name: String, limit: Int? = nil, cursor: String? = nil) async throws -> RoostPage {
    try RoostPage(await send(.get, ["v1", "functions", name, "versions"], query: [("limit", limit.map(String.init)), ("cursor", cursor)]))
  }

  package func deleteVersion(_ version: Int, of name: String) async throws {
    try await send(.delete, ["v1", "functions", name, "versions", String(version)])
  }

  /// Makes an earlier version current; without a number the one before. Answers the function.
  package func rollback(_ name: String, to version: Int?) async throws -> JSONValue {
    try await send(.post, ["v1", "functions", name, "rollback"], body: version.map { ["version": .int(Int64($0))] } ?? [:])
  }

  package func aliases(of name: String) async throws -> RoostPage { try RoostPage(await send(.get, ["v1", "functions", name, "aliases"])) }

  /// - Parameter target: `{"version": 3}` or `{"versions": {"3": 0.9, "4": 0.1}}`.
  package func putAlias(_ alias: String, of name: String, _ target: JSONValue) async throws -> JSONValue {
    try await send(.put, ["v1", "functions", name, "aliases", alias], body: target)
  }

  package func deleteAlias(_ alias: String, of name: String) async throws { try await send(.delete, ["v1", "functions", name, "aliases", alias]) }

  /// Deploys an archive with its manifest; without one, the archive's own function.json is that. What its dependencies are is installed meanwhile, so the answer may take minutes.
  package func deployFunction(archive: [UInt8], manifest: JSONValue?, name: String, traffic: Double? = nil) async throws -> JSONValue {
    let path = try PathText.join(["v1", "functions", name]) + PathText.query([("traffic", traffic.map { String($0) })])
    var request = request(ClientRequest(method: .put, path: path))
    let boundary = "roost-" + String(UInt64.random(in: 0...UInt64.max), radix: 36) + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    request.headers.add(name: "Content-Type", value: "multipart/form-data; boundary=\(boundary)")
    let manifestHead = "--\(boundary)\r\nContent-Disposition: form-data; name=\"manifest\"\r\nContent-Type: application/json\r\n\r\n"
    let first = manifest.map { Array(manifestHead.utf8) + $0.bytes() + Array("\r\n".utf8) } ?? []
    let archiveHead =
      "--\(boundary)\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"function\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    request.body = .bytes(first + Array(archiveHead.utf8) + archive + Array("\r\n--\(boundary)--\r\n".utf8))
    return try await translatingErrors {
      let response = try await http.execute(request, timeout: .minutes(5))
      try await requireSuccess(response)
      let bytes = try await response.body.collect(upTo: ClientLimits.answerBytesMax)
      return try JSONValue(parsing: Array(bytes.readableBytesView))
    }
  }
}
