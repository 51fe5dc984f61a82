import ArgumentParser
import RoostClient

/// Which server, and as whom.
struct ServerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The server's address (ROOST_SERVER; else where `roost login` went last; else \(ServerAddress.localDefault)).", valueName: "url"))
  var server: String?

  @Option(
    help: ArgumentHelp(
      "An API key or an admin's token (better: ROOST_KEY, or `roost login`; others on this machine can read arguments).", valueName: "key"))
  var key: String?

  /// Calls the server as the caller that flags, environment or the stored login name.
  func call<Value: Sendable>(_ body: @Sendable (RoostClient) async throws -> Value) async throws -> Value {
    let target = try target()
    if target.token != nil, !target.address.isEncrypted, !target.address.isLoopback {
      Terminal.note("Note: the key goes to \(target.address) unencrypted; anybody on the way can read it.")
    }
    return try await RoostClient.with(server: target.address.text, token: target.token, body)
  }

  static func address(_ server: String?) throws -> ServerAddress {
    try ServerAddress(server ?? ProcessEnvironment()["ROOST_SERVER"] ?? Credentials.read().current ?? ServerAddress.localDefault)
  }

  private func target() throws -> (address: ServerAddress, token: String?) {
    let address = try Self.address(server)
    if let key = key ?? ProcessEnvironment()["ROOST_KEY"] { return (address, key) }
    guard let login = try Credentials.read().logins[address.text] else { return (address, nil) }
    guard !login.isExpired else {
      throw CommandError(
        "Your login at \(address) as \(login.email) has expired.",
        advice: "Sign in again: roost login --server \(address) --email \(login.email)")
    }
    return (address, login.token)
  }
}
