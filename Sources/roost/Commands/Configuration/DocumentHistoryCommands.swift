import ArgumentParser
import JSON
import RoostClient

/// `roost documents history`.
struct ShowHistory: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Show the versions of a document, newest first.",
    discussion: """
      For collections with `"history": true`.

      Example:
        roost documents history posts welcome --limit 10
      """)

  @Argument(help: "The collection's name.")
  var collection: String

  @Argument(help: "The document's id.")
  var id: String

  @OptionGroup var paging: PagingOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let (collection, id) = (collection, id)
    try await server.call { client in
      var printer = ListPrinter(
        output,
        [
          Table.Column("VERSION", alignsRight: true) { $0["version"]?.text ?? "" }, Table.Column("OPERATION", "operation"), Table.Column.time("AT", "at"),
          Table.Column("BY", HistoryColumns.actor), Table.Column("DOCUMENT", HistoryColumns.document),
        ])
      try await paging.pages(&printer) { limit, cursor in try await client.history(of: id, in: collection, limit: limit, cursor: cursor) }
      printer.end(empty: "Nothing is kept of \(collection)/\(id).")
    }
  }
}

/// `roost documents deleted`.
struct ShowDeleted: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deleted", abstract: "Show the documents that were deleted and can be restored.",
    discussion: """
      For collections with `"history": true`. The last deleted comes first.

      Example:
        roost documents deleted posts
      """)

  @Argument(help: "The collection's name.")
  var collection: String

  @OptionGroup var paging: PagingOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let collection = collection
    try await server.call { client in
      var printer = ListPrinter(
        output,
        [
          Table.Column.whole("ID", "id"), Table.Column.time("DELETED", "deletedAt"), Table.Column("BY", HistoryColumns.actor),
          Table.Column("DOCUMENT", HistoryColumns.document),
        ])
      try await paging.pages(&printer) { limit, cursor in try await client.deletedDocuments(collection, limit: limit, cursor: cursor) }
      printer.end(empty: "Nothing that was deleted is kept.")
    }
  }
}

/// `roost documents restore`.
struct RestoreDocument: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Bring an earlier version back, or a deleted document.",
    discussion: """
      Examples:
        roost documents restore posts welcome 3
        roost documents restore posts deleted-by-mistake
      """)

  @Argument(help: "The collection's name.")
  var collection: String

  @Argument(help: "The document's id.")
  var id: String

  @Argument(help: ArgumentHelp("The version, from `roost documents history`; without it the last one of a deleted document.", valueName: "version"))
  var earlier: Int64?

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let (collection, id, earlier) = (collection, id, earlier)
    let stored = try await server.call { try await $0.restore(id, in: collection, version: earlier) }
    output.done("Restored \(collection)/\(id), now version \(stored["version"]?.intValue ?? 0).", stored)
  }
}

private enum HistoryColumns {
  static func actor(_ entry: JSONValue) -> String {
    guard let actor = entry["actor"], !actor.isNull else { return "" }
    return "\(actor["type"]?.stringValue ?? "") \(actor["id"]?.stringValue ?? "")"
  }

  static func document(_ entry: JSONValue) -> String {
    var object = entry["document"]?.objectValue ?? [:]
    for name in ["id", "version", "createdAt", "updatedAt"] { object[name] = nil }
    return object.text
  }
}
