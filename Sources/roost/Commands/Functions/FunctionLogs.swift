import ArgumentParser
import JSON
import RoostClient

/// `roost functions logs`.
struct FunctionLogs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show what a function printed, oldest first.",
    discussion: """
      With --follow it goes on until Ctrl-C; --json then writes an object a line (NDJSON).

      Examples:
        roost functions logs on-order
        roost functions logs on-order --follow --limit 20
      """)

  private static let linesMax = 10_000
  /// How often --follow looks: soon enough for a person, cheap for the server.
  private static let pause = Duration.seconds(1)

  @Argument(help: "The function's name.")
  var name: String

  @Option(help: ArgumentHelp("The newest so many lines.", valueName: "count"))
  var limit: Int = 200

  @Flag(name: [.customShort("f"), .long], help: "Go on showing what comes.")
  var follow = false

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...Self.linesMax).contains(limit) else { throw ValidationError("--limit is \(limit); expected 1 to \(Self.linesMax).") }
  }

  func run() async throws {
    try await server.call { client in
      let lines = try await newest(limit, after: nil, client)
      guard follow else { return show(lines) }
      lines.forEach(showOne)
      var last = lines.last?["id"]?.stringValue
      while true {
        try await Task.sleep(for: Self.pause)
        let lines = try await newest(Self.linesMax, after: last, client)
        lines.forEach(showOne)
        last = lines.last?["id"]?.stringValue ?? last
      }
    }
  }

  /// In the order of printing. The server gives the newest first.
  private func newest(_ count: Int, after last: String?, _ client: RoostClient) async throws -> [JSONValue] {
    var lines: [JSONValue] = []
    var cursor: String?
    repeat {
      let page = try await client.logs(
        of: name, limit: min(count - lines.count, last == nil ? ClientLimits.pageItemsMax : 100), cursor: cursor)
      let new = page.items.prefix { line in last.map { line["id"]?.stringValue ?? "" > $0 } ?? true }
      lines += new
      cursor = new.count == page.items.count ? page.nextCursor : nil
    } while cursor != nil && lines.count < count
    return lines.reversed()
  }

  private func show(_ lines: [JSONValue]) {
    guard output.json else {
      if lines.isEmpty { Terminal.note("'\(name)' has printed nothing yet. See `roost functions invocations \(name)`.") }
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
