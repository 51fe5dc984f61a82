import ArgumentParser
import JSON
import RoostClient

struct DocumentsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "documents", abstract: "Documents: read, write, delete, import, export.",
    discussion: """
      Example:
        roost documents list posts --filter 'published' --sort=-createdAt --limit 10
      """,
    subcommands: [
      List.self, Get.self, Put.self, Delete.self, ShowHistory.self, RestoreDocument.self, ShowDeleted.self, ImportDocuments.self, ExportDocuments.self,
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show documents of a collection.",
      discussion: """
        For people a table of id, version and the document; for machines --json.

        Example:
          roost documents list posts --filter 'author == "ada"' --sort=-createdAt --limit 10 --json
        """)

    @Argument(help: "The collection's name.")
    var collection: String

    @Option(help: ArgumentHelp("Only documents for which this CEL expression is true.", valueName: "expression"))
    var filter: String?

    @Option(help: ArgumentHelp("Order, e.g. --sort=-createdAt,title.", valueName: "fields"))
    var sort: String?

    @OptionGroup var paging: PagingOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.call { client in
        var printer = ListPrinter(
          output,
          [
            Table.Column.whole("ID", "id"), Table.Column("VERSION", alignsRight: true) { $0["version"]?.text ?? "" }, Table.Column.time("UPDATED", "updatedAt"),
            Table.Column("DOCUMENT", Self.ownFields),
          ])
        try await paging.pages(&printer) { limit, cursor in
          try await client.documents(collection, ListOptions(filter: filter, sort: sort, limit: limit, cursor: cursor))
        }
        printer.end(empty: filter == nil ? "The collection is empty." : "No document matches.")
      }
    }

    private static func ownFields(_ document: JSONValue) -> String {
      var object = document.objectValue ?? [:]
      for name in ["id", "version", "createdAt", "updatedAt"] { object[name] = nil }
      return object.text
    }
  }

  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one document, as JSON.",
      discussion: """
        Example:
          roost documents get posts welcome
        """)

    @Argument(help: "The collection's name.")
    var collection: String

    @Argument(help: "The document's id.")
    var id: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let (collection, id) = (collection, id)
      let document = try await server.call { try await $0.document(id, in: collection) }
      Terminal.line(output.json ? document.text : IndentedJSON.text(of: document))
    }
  }

  struct Put: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create a document, or replace it.",
      discussion: """
        Examples:
          roost documents put posts welcome '{"title": "Welcome", "published": true}'
          roost documents get posts welcome | roost documents put posts copy -
        """)

    @Argument(help: "The collection's name.")
    var collection: String

    @Argument(help: "The document's id.")
    var id: String

    @Argument(help: ArgumentHelp("A JSON object, a file with one, or - for standard input.", valueName: "document"))
    var document: String

    @Option(help: ArgumentHelp("Refuse unless the document has this version; 0: unless there is none.", valueName: "version"))
    var ifVersion: Int64?

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let (collection, id, body, ifVersion) = (collection, id, try JSONInput.object(document), ifVersion)
      let stored = try await server.call { try await $0.putDocument(body, id: id, in: collection, ifVersion: ifVersion) }
      output.done("Stored \(collection)/\(id), version \(stored["version"]?.intValue ?? 0).", stored)
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete a document.",
      discussion: """
        In a collection with a history the document can be restored, unless --purge takes that away too.

        Example:
          roost documents delete posts welcome --yes
        """)

    @Argument(help: "The collection's name.")
    var collection: String

    @Argument(help: "The document's id.")
    var id: String

    @Flag(help: "Also every version that is kept of it, for good; works for one that is deleted already.")
    var purge = false

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let (collection, id, purge) = (collection, id, purge)
      try confirmation.require("Delete the document \(collection)/\(id)\(purge ? " and all of its history" : "")?")
      try await server.call { client in
        if purge { try await client.purgeDocument(id, in: collection) } else { try await client.deleteDocument(id, in: collection) }
      }
      output.done("Deleted \(collection)/\(id).", ["collection": .string(collection), "id": .string(id)])
    }
  }
}
