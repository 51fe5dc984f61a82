import ArgumentParser
import JSON
import RoostClient

/// `roost functions usage`.
struct FunctionUsage: AsyncParsableCommand {
  enum Group: String, ExpressibleByArgument, CaseIterable {
    case function, day, project
  }

  static let configuration = CommandConfiguration(
    commandName: "usage", abstract: "Show what functions used: runs, time, memory.",
    discussion: """
      A GB-second is a second of a run that may use 1 GiB. Days are UTC's; without --from and --to the last 30.

      Examples:
        roost functions usage
        roost functions usage --by day --function on-order --from 2026-11-01
      """)

  @Option(help: "What the sums are for: each function, each day, or all of the project.")
  var by = Group.function

  @Option(help: ArgumentHelp("Only what this function used.", valueName: "name"))
  var function: String?

  @Option(help: ArgumentHelp("The first day.", valueName: "date"))
  var from: String?

  @Option(help: ArgumentHelp("The last day.", valueName: "date"))
  var to: String?

  @OptionGroup var pages: PagingOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let (by, pages, output) = (by.rawValue, pages, output)
    let wanted: RoostClient.Wanted = [("function", function), ("from", from), ("to", to)]
    try await server.call { client in
      var printer = ListPrinter(
        output,
        [
          Table.Column(by.uppercased(), by), Table.Column("RUNS", alignsRight: true) { $0["invocations"]?["total"]?.text ?? "" },
          Table.Column("FAILED", alignsRight: true) { Self.failed($0["invocations"]) },
          Table.Column("COLD", alignsRight: true) { $0["coldStarts"]?.text ?? "" },
          Table.Column("SECONDS", alignsRight: true) { Table.text(of: ($0["durationMs"]?.doubleValue ?? 0) / 1000, places: 3) },
          Table.Column("GB-SECONDS", alignsRight: true) { Table.text(of: $0["gbSeconds"]?.doubleValue ?? 0, places: 3) },
          Table.Column("PEAK MB", alignsRight: true) { row in (row["memoryPeak"]?.intValue).map { String($0 >> 20) } ?? "" },
        ])
      try await pages.pages(&printer) { limit, cursor in try await client.usage(by: by, where: wanted, limit: limit, cursor: cursor) }
      printer.end(empty: "Nothing ran in that time.")
    }
  }

  /// All that did not end well.
  private static func failed(_ runs: JSONValue?) -> String {
    String(["failed", "timeout", "crashed", "memory_limit"].reduce(0) { $0 + (runs?[$1]?.intValue ?? 0) })
  }
}
