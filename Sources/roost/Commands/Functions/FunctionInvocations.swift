import ArgumentParser
import JSON
import RoostClient

/// `roost functions invocations`.
struct FunctionInvocations: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invocations", abstract: "Show a function's runs, newest first.",
    discussion: """
      Examples:
        roost functions invocations on-order --limit 20
        roost functions invocations on-order --status failed,timeout --search "no such user" --from 2026-11-20T00:00:00Z
      """)

  @Argument(help: "The function's name.")
  var name: String

  @Option(
    help: ArgumentHelp("Only those that ended so, with commas between: succeeded, failed, timeout, crashed, memory_limit, suspended.", valueName: "status"))
  var status: String?

  @Option(help: ArgumentHelp("Only those whose error has this in it.", valueName: "text"))
  var search: String?

  @Option(help: ArgumentHelp("Only those for events of this type, e.g. roost.document.created, or roost.document.*.", valueName: "type"))
  var type: String?

  @Option(help: ArgumentHelp("Only those about this, e.g. orders/42.", valueName: "subject"))
  var subject: String?

  @Option(name: .customLong("function-version"), help: ArgumentHelp("Only those of this version of the function.", valueName: "number"))
  var version: Int?

  @Option(help: ArgumentHelp("Only those that began at this moment or later (RFC 3339).", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("Only those that began before this moment (RFC 3339).", valueName: "time"))
  var to: String?

  @Option(help: ArgumentHelp("The newest so many runs.", valueName: "count"))
  var limit: Int = 50

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard limit > 0 else { throw ValidationError("--limit is \(limit); expected 1 or more.") }
  }

  func run() async throws {
    var paging = PagingOptions()
    paging.limit = limit
    let (name, pages) = (name, paging)
    let wanted: RoostClient.Wanted = [
      ("status", status), ("q", search), ("type", type), ("subject", subject), ("version", version.map(String.init)), ("from", from), ("to", to),
    ]
    let isSearch = wanted.contains { $0.1 != nil }
    try await server.call { client in
      var printer = ListPrinter(
        output,
        [
          Table.Column.time("STARTED", "startedAt", toSecond: true), Table.Column("STATUS", "status"),
          Table.Column("TRY", alignsRight: true) { $0["attempt"]?.text ?? "" },
          Table.Column("MS", alignsRight: true) { Table.text(of: $0["durationMs"]?.doubleValue, places: 1) },
          Table.Column("START") { $0["cold"] == true ? "cold" : "warm" }, Table.Column("EVENT", "event", "subject"),
          Table.Column("ERROR", "error"),
        ])
      try await pages.pages(&printer) { limit, cursor in try await client.invocations(of: name, where: wanted, limit: limit, cursor: cursor) }
      printer.end(empty: isSearch ? "No run of '\(name)' is like that." : "'\(name)' has not run yet.")
    }
  }
}
