import ArgumentParser
import JSON
import RoostClient

/// `roost functions dead-letters`.
struct FunctionDeadLetters: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead-letters", abstract: "Show the events that a function failed on until its tries ran out.",
    discussion: """
      Example:
        roost functions dead-letters on-order
      """)

  @Argument(help: "The function's name.")
  var name: String

  @OptionGroup var paging: PagingOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let name = name
    try await server.call { client in
      var printer = ListPrinter(
        output,
        [
          Table.Column.whole("ID", "id"), Table.Column.time("CREATED", "createdAt"), Table.Column("EVENT", "event", "subject"),
          Table.Column("TRIES", alignsRight: true) { $0["attempts"]?.text ?? "" }, Table.Column("ERROR", "error"),
        ])
      try await paging.pages(&printer) { limit, cursor in try await client.deadLetters(of: name, limit: limit, cursor: cursor) }
      printer.end(empty: "'\(name)' has no dead letters.")
    }
  }
}

/// `roost functions replay`.
struct ReplayDeadLetters: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Deliver dead letters again, from the first try.",
    discussion: """
      Examples:
        roost functions replay on-order 0190b6a2-5a3e-7c1d-8f00-2b6e1a9d4c55
        roost functions replay on-order --all
      """)

  @Argument(help: "The function's name.")
  var name: String

  @Argument(help: "The dead letters' ids, from `roost functions dead-letters`.")
  var ids: [String] = []

  @Flag(help: "All that there are now.")
  var all = false

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard all != !ids.isEmpty else { throw ValidationError("Name dead letters by id, or give --all.") }
  }

  func run() async throws {
    let (name, ids, all) = (name, ids, all)
    let count = try await server.call { client in
      // Listed first: what fails again becomes a new dead letter, which is not replayed for ever.
      let letters = all ? try await Self.all(of: name, client) : ids
      for id in letters { try await client.replay(deadLetter: id, of: name) }
      return letters.count
    }
    output.done(
      "Replaying \(count) dead letter\(count == 1 ? "" : "s") of '\(name)'.", ["name": .string(name), "replayed": .int(Int64(count))])
  }

  private static func all(of name: String, _ client: RoostClient) async throws -> [String] {
    var ids: [String] = []
    var cursor: String?
    repeat {
      let page = try await client.deadLetters(of: name, limit: ClientLimits.pageItemsMax, cursor: cursor)
      ids += page.items.compactMap { $0["id"]?.stringValue }
      cursor = page.nextCursor
    } while cursor != nil
    return ids
  }
}
