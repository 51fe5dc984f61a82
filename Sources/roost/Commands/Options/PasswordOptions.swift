import ArgumentParser
import Glibc

/// Where a password comes from.
struct PasswordOptions: ParsableArguments {
  @Flag(help: "Read the password from the first line of standard input; the default where that is no terminal.")
  var passwordStdin = false

  @Option(
    help: ArgumentHelp(
      "The password itself. Unsafe: it stays in the shell's history, and others on this machine can read it.", valueName: "password"))
  var password: String?

  func validate() throws {
    if passwordStdin && password != nil { throw ValidationError("Give either --password or --password-stdin.") }
  }

  /// - Parameters:
  ///   - isNew: asks twice at a terminal.
  ///   - variable: the environment variable that may hold it.
  func read(for who: String, isNew: Bool, variable: String?) throws -> String {
    if let password { return password }
    if passwordStdin && !Terminal.isInputTerminal { return try firstLine() }
    if !passwordStdin, let variable, let password = ProcessEnvironment()[variable] { return password }
    guard Terminal.isInputTerminal else { return try firstLine() }
    let password = try HiddenInput.ask("Password for \(Printable.line(who)): ")
    if isNew, try HiddenInput.ask("The same again: ") != password { throw CommandError("The two passwords differ.") }
    return password
  }

  private func firstLine() throws -> String {
    guard let line = readLine(), !line.isEmpty else {
      throw CommandError.use("There is no password.", advice: "Write it to standard input, or call this at a terminal to be asked for it.")
    }
    return line
  }
}
