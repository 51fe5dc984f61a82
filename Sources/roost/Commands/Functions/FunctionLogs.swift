import ArgumentParser
import JSON
import RoostClient

/// `roost functions logs`.
struct FunctionLogs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show what a function printed, oldest first.",
    discussion: """
      With --follow it goes on until Ctrl-C, with each line as it is printed; --json then writes an object a line (NDJSON).

      Examples:
        roost functions logs on-order
        roost functions logs on-order --follow --limit 20
        roost functions logs on-order --level warn,error --search "no such user"
      """)

  private static let linesMax = 10_000
  /// Before --follow comes back to a server that ended the stream: what the server asks of everybody.
  private static let pause = Duration.seconds(2)

  @Argument(help: "The function's name.")
  var name: String

  @Option(help: ArgumentHelp("The newest so many lines.", valueName: "count"))
  var limit: Int = 200

  @Option(help: ArgumentHelp("Only lines of these levels, with commas between: debug, info, warn, error.", valueName: "levels"))
  var level: String?

  @Option(help: ArgumentHelp("Only lines with this in them.", valueName: "text"))
  var search: String?

  @Option(help: ArgumentHelp("Only lines of this run.", valueName: "id"))
  var invocation: String?

  @Flag(name: [.customShort("f"), .long], help: "Go on showing what comes.")
  var follow = false

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...Self.linesMax).contains(limit) else { throw ValidationError("--limit is \(limit); expected 1 to \(Self.linesMax).") }
  }

  private var wanted: RoostClient.Wanted { [("level", level), ("q", search), ("invocation", invocation)] }

  func run() async throws {
    try await server.call { client in
      guard follow else { return show(try await newest(limit, client)) }
      try await followLines(client)
    }
  }

  /// The stream begins before the stored lines are read, so that none falls between.
  private func followLines(_ client: RoostClient) async throws {
    var last: String?
    var hasBegun = false
    while true {
      do {
        var stored: Set<String> = []
        try await client.followLogs(of: name, where: wanted, after: last) {
          hasBegun = true
          guard last == nil else { return }
          for line in try await newest(limit, client) {
            if let id = line["id"]?.stringValue { stored.insert(id) }
            last = showOne(line, last)
          }
        } take: { line in
          if stored.isEmpty || !stored.contains(line["id"]?.stringValue ?? "") { last = showOne(line, last) }
        }
      } catch let error as RoostClientError where hasBegun && error.isPassing {
        // The server starts anew, or the network was away.
      }
      try await Task.sleep(for: Self.pause)
    }
  }

  /// In the order of printing. The server gives the newest first.
  private func newest(_ count: Int, _ client: RoostClient) async throws -> [JSONValue] {
    var lines: [JSONValue] = []
    var cursor: String?
    repeat {
      let page = try await client.logs(of: name, where: wanted, limit: min(count - lines.count, ClientLimits.pageItemsMax), cursor: cursor)
      lines += page.items
      cursor = page.nextCursor
    } while cursor != nil && lines.count < count
    return lines.reversed()
  }

  /// Returns the newest id of what was shown.
  private func showOne(_ line: JSONValue, _ last: String?) -> String? {
    showOne(line)
    return max(line["id"]?.stringValue ?? "", last ?? "")
  }

  private func show(_ lines: [JSONValue]) {
    guard output.json else {
      if lines.isEmpty, wanted.contains(where: { $0.1 != nil }) {
        Terminal.note("'\(name)' has printed nothing like that.")
      } else if lines.isEmpty {
        Terminal.note("'\(name)' has printed nothing yet. See `roost functions invocations \(name)`.")
      }
      return lines.forEach(showOne)
    }
    var printer = ListPrinter(output, [])
    printer.add(lines)
    printer.end(empty: "")
  }

  private func showOne(_ line: JSONValue) {
    guard !output.json else { return Terminal.line(line.text) }
    let level = line["level"]?.stringValue ?? ""
    let room = String(repeating: " ", count: max(0, 5 - level.count))
    // A line of many lines keeps them, each set in, so that none looks like another's beginning.
    let message = Printable.lines(line["message"]?.stringValue ?? "").split(separator: "\n", omittingEmptySubsequences: false).joined(
      separator: "\n    ")
    Terminal.line("\(Printable.line(line["time"]?.stringValue ?? "")) \(Printable.line(level))\(room) \(message)")
  }
}
