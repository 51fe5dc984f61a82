import ArgumentParser
import JSON
import RoostClient

/// `roost functions runs`.
struct ListFunctionRuns: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "Show a function's durable runs, newest first, or one of them with its steps.",
    discussion: """
      Examples:
        roost functions runs on-order --status sleeping
        roost functions runs on-order 4711
      """)

  @Argument(help: "The function's name.")
  var name: String

  @Argument(help: "A run's id: shows its steps.")
  var id: String?

  @Option(help: "Only runs that are running, sleeping, waiting, completed, failed or cancelled.")
  var status: String?

  @OptionGroup var paging: PagingOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    if let id { return try await show(id) }
    let (name, status) = (name, status)
    try await server.call { client in
      var printer = ListPrinter(
        output,
        [
          Table.Column.whole("ID", "id"), Table.Column("STATUS", "status"), Table.Column.time("BEGAN", "createdAt", toSecond: true),
          Table.Column("EVENT", "event", "subject"), Table.Column("STEPS", alignsRight: true) { $0["stepCount"]?.text ?? "" },
          Table.Column.time("WAKES", "wakesAt", toSecond: true), Table.Column("ERROR", "error"),
        ])
      try await paging.pages(&printer) { limit, cursor in try await client.runs(of: name, status: status, limit: limit, cursor: cursor) }
      printer.end(empty: status == nil ? "'\(name)' has no durable runs: they begin with a function's first step." : "No run of '\(name)' is \(status ?? "").")
    }
  }

  private func show(_ id: String) async throws {
    let name = name
    let run = try await server.call { try await $0.run(id, of: name) }
    Terminal.line(output.json ? run.text : IndentedJSON.text(of: run))
  }
}

/// `roost functions cancel`.
struct CancelFunctionRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "End a durable run that is not over: nothing of it runs again.",
    discussion: """
      Example:
        roost functions cancel on-order 4711
      """)

  @Argument(help: "The function's name.")
  var name: String

  @Argument(help: "The run's id, from `roost functions runs`.")
  var id: String

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let (name, id) = (name, id)
    try await server.call { try await $0.cancel(run: id, of: name) }
    output.done("Cancelled the run \(id) of '\(name)'.", ["id": .string(id)])
  }
}
