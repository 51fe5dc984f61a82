import ArgumentParser
import JSON

/// `roost functions invocations`.
struct FunctionInvocations: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invocations", abstract: "Show a function's runs, newest first.",
    discussion: """
      Example:
        roost functions invocations on-order --limit 20
      """)

  @Argument(help: "The function's name.")
  var name: String

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
    try await server.call { client in
      var printer = ListPrinter(
        output,
        [
          Table.Column.time("STARTED", "startedAt", toSecond: true), Table.Column("STATUS", "status"),
          Table.Column("TRY", alignsRight: true) { $0["attempt"]?.text ?? "" },
          Table.Column("MS", alignsRight: true) { Self.tenths($0["durationMs"]?.doubleValue) },
          Table.Column("START") { $0["cold"] == true ? "cold" : "warm" }, Table.Column("EVENT", "event", "subject"),
          Table.Column("ERROR", "error"),
        ])
      try await pages.pages(&printer) { limit, cursor in try await client.invocations(of: name, limit: limit, cursor: cursor) }
      printer.end(empty: "'\(name)' has not run yet.")
    }
  }

  private static func tenths(_ milliseconds: Double?) -> String {
    guard let milliseconds, milliseconds.isFinite, milliseconds.magnitude < 1e12 else { return "" }
    let tenths = Int64((milliseconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
