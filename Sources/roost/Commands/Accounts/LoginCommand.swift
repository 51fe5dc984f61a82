import ArgumentParser
import Core
import JSON
import RoostClient

struct LoginCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "login", abstract: "Sign in to a server as an admin, for the commands that follow.",
    discussion: """
      Keeps a session token, never the password, in $XDG_CONFIG_HOME/roost/credentials.json (else ~/.config/roost/credentials.json), \
      readable for you alone. The session lasts 12 hours. Later commands go to this server unless they name another one.

      Examples:
        roost login --email me@example.org
        roost login --server https://api.example.org --email me@example.org --password-stdin < password.txt
      """)

  @Option(help: "The server's address (ROOST_SERVER).")
  var server: String?

  @Option(help: "The admin's address (ROOST_ADMIN_EMAIL).")
  var email: String?

  @OptionGroup var password: PasswordOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let address = try ServerOptions.address(server)
    if !address.isEncrypted && !address.isLoopback {
      Terminal.note("Note: the password goes to \(address) unencrypted; anybody on the way can read it.")
    }
    let email = try email ?? ProcessEnvironment()["ROOST_ADMIN_EMAIL"] ?? ask()
    let secret = try password.read(for: email, isNew: false, variable: "ROOST_ADMIN_PASSWORD")
    let answer = try await RoostClient.with(server: address.text, token: nil) { try await $0.login(email: email, password: secret) }
    guard let token = answer["token"]?.stringValue, let lifetime = answer["expiresIn"]?.intValue else {
      throw CommandError("The server's answer to the login is not understood.", advice: "Is it another version of Roost?")
    }
    let expires = SystemClock().now() + .seconds(lifetime)
    var credentials = try Credentials.read()
    credentials.logins[address.text] = Credentials.Login(
      email: answer["admin"]?["email"]?.stringValue ?? email, token: token, expires: expires)
    credentials.current = address.text
    try credentials.write()
    output.done(
      "Signed in at \(address) as \(email) until \(expires.text).",
      ["server": .string(address.text), "email": .string(email), "expiresAt": .string(expires.text)])
  }

  private func ask() throws -> String {
    guard Terminal.isInputTerminal && Terminal.isErrorTerminal else {
      throw CommandError.use("There is no email address.", advice: "Add --email, or set ROOST_ADMIN_EMAIL.")
    }
    Terminal.ask("Email: ")
    guard let email = readLine(), !email.isEmpty else { throw CommandError("Cancelled.") }
    return email
  }
}

struct LogoutCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logout", abstract: "End the session that `roost login` began, and forget it.",
    discussion: """
      Example:
        roost logout --server http://127.0.0.1:8090
      """)

  @Option(help: "The server's address (ROOST_SERVER; else where `roost login` went last).")
  var server: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    let address = try ServerOptions.address(server)
    var credentials = try Credentials.read()
    guard let login = credentials.logins.removeValue(forKey: address.text) else {
      throw CommandError("You are not signed in at \(address).")
    }
    if credentials.current == address.text { credentials.current = nil }
    try credentials.write()
    // Forgotten here in any case; the server may be gone, or have ended the session itself.
    do {
      try await RoostClient.with(server: address.text, token: login.token) { try await $0.logout() }
    } catch let error as RoostClientError {
      if error.status != 401 { Terminal.note("Note: the session is forgotten here, but the server could not be told: \(error.detail)") }
    }
    output.done("Signed out at \(address).", ["server": .string(address.text)])
  }
}
