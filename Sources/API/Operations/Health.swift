import Core
import HTTPServer
import JSON

/// `/healthz`: the process is up. `/readyz`: it can serve.
enum Health {
  /// Says nothing that changes, so that it is also the static answer that benchmarks measure against.
  static let health = Route.direct(.get, "/healthz") { _, respond in
    respond(.success(alive))
  }

  private static let alive = HTTPResponse(
    status: 200, headers: ["Content-Type": "application/json", "Cache-Control": "no-store"], body: Array(#"{"status":"ok"}"#.utf8))

  static let ready = Route.open(.get, "/readyz") { call in
    guard call.environment.isReady() else { throw RoostError(.unavailable, "The server is starting or stopping.", retryAfter: .seconds(1)) }
    // Proves that the database answers, not only that the process runs.
    _ = try await call.project.log.lastSequence()
    var object = call.environment.about()
    object["status"] = "ready"
    return .privateJSON(200, .object(object))
  }
}
