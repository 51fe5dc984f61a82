import ArgumentParser
import JSON

struct CollectionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collections", abstract: "Collections of documents: their rules and indexes.",
    discussion: """
      Example:
        roost collections put posts '{"rules": {"read": "true", "create": "auth != null"}}'
      """, subcommands: [List.self, Get.self, Put.self, Delete.self, CollectionIndexes.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the collections.",
      discussion: """
        Example:
          roost collections list
        """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let collections = try await server.call { try await $0.collections().items }
      var printer = ListPrinter(
        output,
        [
          Table.Column("NAME", "name"), Table.Column("READ", "rules", "read"), Table.Column("CREATE", "rules", "create"),
          Table.Column("UPDATE", "rules", "update"), Table.Column("DELETE", "rules", "delete"),
          Table.Column("INDEXES") { CollectionIndexes.summary(of: $0) },
        ])
      printer.add(collections)
      printer.end(empty: "There are no collections yet.")
    }
  }

  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a collection's configuration, as JSON.",
      discussion: """
        What it prints can be edited and put again.

        Example:
          roost collections get posts > posts.json
        """)

    @Argument(help: "The collection's name.")
    var name: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let name = name
      let collection = try await server.call { try await $0.collection(name) }
      Terminal.line(output.json ? collection.text : IndentedJSON.text(of: collection))
    }
  }

  struct Put: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create a collection, or replace its configuration.",
      discussion: """
        A rule that is absent denies everybody but admins; "true" is public. With --validate nothing is stored: it tells which documents
        the schema of the configuration would not fit, and ends with 1 where there are any.

        Examples:
          roost collections put posts posts.json
          roost collections put posts posts.json --validate
          roost collections put posts '{"rules": {"read": "true", "create": "auth != null && incoming.author == auth.id"}}'
        """)

    @Argument(help: "The collection's name.")
    var name: String

    @Argument(help: ArgumentHelp("A JSON object, a file with one, or - for standard input.", valueName: "configuration"))
    var configuration: String

    @Flag(help: "Only check: which documents would not fit the schema?")
    var validate = false

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let (name, body) = (name, try JSONInput.object(configuration))
      guard !validate else {
        let report = SchemaCheckReport(try await server.call { try await $0.checkCollection(body, name: name) })
        report.write(output)
        if !report.isClean { throw ExitCode.failure }
        return
      }
      let collection = try await server.call { try await $0.putCollection(body, name: name) }
      output.done("Stored the collection '\(name)'.", collection)
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete a collection with all its documents.",
      discussion: """
        Example:
          roost collections delete drafts --yes
        """)

    @Argument(help: "The collection's name.")
    var name: String

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let name = name
      try confirmation.require("Delete the collection '\(name)' with all its documents?")
      try await server.call { try await $0.deleteCollection(name) }
      output.done("Deleted the collection '\(name)'.", ["name": .string(name)])
    }
  }
}
