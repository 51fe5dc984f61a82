import ArgumentParser
import JSON

struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "API keys: tokens for programs, with an admin's rights.",
    discussion: """
      Example:
        roost keys create backup-job
      """, subcommands: [Create.self, List.self, Revoke.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key and show it, this once.",
      discussion: """
        The key alone goes to standard output.

        Example:
          ROOST_KEY=$(roost keys create backup-job)
        """)

    @Argument(help: "What the key is for.")
    var name: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let name = name
      let key = try await server.call { try await $0.createKey(name: name) }
      guard !output.json else { return Terminal.line(key.text) }
      Terminal.note("The key '\(name)' (\(key["id"]?.stringValue ?? "")). Keep it now: it is not shown again.")
      Terminal.line(key["key"]?.stringValue ?? "")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the keys' names and ids, never the keys.",
      discussion: """
        Example:
          roost keys list --json
        """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let keys = try await server.call { try await $0.keys().items }
      var printer = ListPrinter(output, [Table.Column.whole("ID", "id"), Table.Column("NAME", "name"), Table.Column.time("CREATED", "createdAt")])
      printer.add(keys)
      printer.end(empty: "There are no keys yet. Make one: roost keys create NAME")
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key worthless, at once and for good.",
      discussion: """
        Example:
          roost keys revoke 0190b6a2-5a3e-7c1d-8f00-2b6e1a9d4c55 --yes
        """)

    @Argument(help: "The key's id, from `roost keys list`.")
    var id: String

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let id = id
      try confirmation.require("Revoke the key \(id)? Whatever uses it stops working.")
      try await server.call { try await $0.deleteKey(id) }
      output.done("Revoked the key \(id).", ["id": .string(id)])
    }
  }
}
