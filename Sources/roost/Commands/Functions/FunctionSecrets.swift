import ArgumentParser
import JSON

/// `roost functions secrets`.
struct FunctionSecrets: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "secrets", abstract: "Passwords and keys that functions get and nobody reads back.",
    discussion: """
      Without --function a secret is for all functions of the project.

      Examples:
        roost functions secrets set API_KEY --function on-order
        pass show stripe | roost functions secrets set STRIPE_KEY
        roost functions secrets list
      """,
    subcommands: [SetSecret.self, ListSecrets.self, DeleteSecret.self])
}

struct SecretOwner: ParsableArguments {
  @Option(help: "The function whose secret it is; without it all functions get it.")
  var function: String?
}

/// `roost functions secrets set`.
struct SetSecret: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Set a secret; its value is asked for, or read from standard input.",
    discussion: """
      Never from an argument: those stay in the shell's history, and others on this machine can read them. One line break at the end of \
      standard input is not part of the value.

      Examples:
        roost functions secrets set API_KEY --function on-order
        roost functions secrets set CERTIFICATE < certificate.pem
      """)

  @Argument(help: "Its name, as the function finds it in `env`.")
  var name: String

  @OptionGroup var owner: SecretOwner
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  /// The server's own limit, and room for a line break.
  private static let bytesMax = (32 << 10) + 2

  func run() async throws {
    let (name, function, value) = (name, owner.function, try value())
    let secret = try await server.call { try await $0.putSecret(name, value: value, of: function) }
    output.done("Set the secret '\(Printable.line(name))'.", secret)
  }

  private func value() throws -> String {
    if Terminal.isInputTerminal { return try HiddenInput.ask("Value of \(Printable.line(name)): ") }
    var bytes = try InputBytes.read("-", bytesMax: Self.bytesMax)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw CommandError("The value is not UTF-8.") }
    guard !text.isEmpty else {
      throw CommandError.use("There is no value.", advice: "Write it to standard input, or call this at a terminal to be asked for it.")
    }
    return text
  }
}

/// `roost functions secrets list`.
struct ListSecrets: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show names and dates; values are never shown.",
    discussion: """
      Example:
        roost functions secrets list --function on-order
      """)

  @OptionGroup var owner: SecretOwner
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let function = owner.function
    let secrets = try await server.call { try await $0.secrets(of: function).items }
    var printer = ListPrinter(output, [Table.Column("NAME", "name"), Table.Column.time("SET", "updatedAt")])
    printer.add(secrets)
    printer.end(empty: "There are no secrets yet. Set one: roost functions secrets set NAME")
  }
}

/// `roost functions secrets delete`.
struct DeleteSecret: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete a secret.",
    discussion: """
      Example:
        roost functions secrets delete API_KEY --function on-order --yes
      """)

  @Argument(help: "Its name.")
  var name: String

  @OptionGroup var owner: SecretOwner
  @OptionGroup var confirmation: Confirmation
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let (name, function) = (name, owner.function)
    try confirmation.require("Delete the secret '\(name)'? Functions that need it will fail.")
    try await server.call { try await $0.deleteSecret(name, of: function) }
    output.done("Deleted the secret '\(Printable.line(name))'.", ["name": .string(name)])
  }
}
