import AsyncHTTPClient
import JSON

/// A Roost server, called over HTTP as one caller. Call `close()` at the end, or use `RoostClient.with`.
///
/// Every call throws `RoostClientError`, and `CancellationError` when its task is cancelled. Values are JSON as the API has it.
package final class RoostClient: Sendable {
  package let server: ServerAddress
  let token: String?
  let answerTime: Duration
  let http: HTTPClient

  /// - Parameters:
  ///   - server: like `http://127.0.0.1:8090`.
  ///   - token: an API key (`rk_…`), an admin's session token or a user's access token; nil for an anonymous caller.
  ///   - answerTime: how long a call may take in all; file transfers only may not stand still.
  /// - Throws: `address_invalid`, `token_malformed`.
  package init(server: String, token: String?, answerTime: Duration = ClientLimits.answerTime) throws {
    self.server = try ServerAddress(server)
    if let token {
      guard !token.isEmpty, token.utf8.count <= 8192, token.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
        throw RoostClientError(code: .tokenInvalid, detail: "The key or token is empty or has characters that no key has.")
      }
    }
    self.token = token
    self.answerTime = answerTime
    var configuration = HTTPClient.Configuration()
    // A redirect would send what is meant for this server to another one.
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .nanoseconds(ClientLimits.connectTime.nanoseconds)
    configuration.timeout.read = .nanoseconds(ClientLimits.stillTime.nanoseconds)
    configuration.timeout.write = .nanoseconds(ClientLimits.stillTime.nanoseconds)
    // One attempt: a caller at a terminal wants to know at once that nobody answers.
    configuration.connectionPool.retryConnectionEstablishment = false
    http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  package func close() async {
    // Fails only if it was closed before.
    try? await http.shutdown()
  }

  /// Opens a client for as long as `body` runs.
  package static func with<Value: Sendable>(
    server: String, token: String?, answerTime: Duration = ClientLimits.answerTime, _ body: @Sendable (RoostClient) async throws -> Value
  ) async throws -> Value {
    let client = try RoostClient(server: server, token: token, answerTime: answerTime)
    do {
      let value = try await body(client)
      await client.close()
      return value
    } catch {
      await client.close()
      throw error
    }
  }
}

extension Duration {
  /// Rounded down; only for durations far from Int64's end.
  var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
