import ArgumentParser
import JSON
import RoostClient

/// `roost documents export`: a whole collection to standard output.
struct ExportDocuments: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a collection's documents to standard output, as NDJSON or CSV.",
    discussion: """
      In the order of ids. Exit status 1 means that the export is not whole; it then says how to go on.

      Examples:
        roost documents export posts > posts.ndjson
        roost documents export films --format csv --filter 'year > 1980' --fields id,title,year > films.csv
        roost documents export posts --after 0190b6a2 >> posts.ndjson
      """)

  @Argument(help: "The collection's name.")
  var collection: String

  @Option(help: ArgumentHelp("ndjson or csv.", valueName: "format"))
  var format = BulkFormat.ndjson

  @Option(help: ArgumentHelp("Only documents for which this CEL expression is true.", valueName: "expression"))
  var filter: String?

  @Option(help: ArgumentHelp("Only these fields, e.g. --fields id,title,author.name.", valueName: "fields"))
  var fields: String?

  @Option(help: ArgumentHelp("Only documents whose id comes after this one: goes on with an export that broke off.", valueName: "id"))
  var after: String?

  @Flag(help: "CSV for spreadsheets: no text begins like a formula.")
  var safe = false

  @OptionGroup var server: ServerOptions

  func run() async throws {
    let collection = collection
    var options = ExportOptions()
    (options.format, options.filter, options.fields, options.after, options.isSafe) = (format, filter, fields, after, safe)
    let chosen = options
    try await server.call { client in
      var progress = Progress("Exported", "lines")
      var tail = LastLine()
      do {
        try await client.exportDocuments(of: collection, chosen) { piece in
          Terminal.bytes(piece)
          tail.append(piece)
          progress.show(tail.count)
        }
        progress.end()
      } catch let error as RoostClientError where error.status == nil && tail.count > 0 {
        progress.end()
        throw CommandError("The export broke off after \(tail.count) lines: \(error.detail)", advice: Self.advice(chosen, tail))
      }
    }
  }

  private static func advice(_ options: ExportOptions, _ tail: LastLine) -> String {
    guard options.format == .ndjson, let id = tail.id else { return "Export it again." }
    return "The last whole line is the document \(id): cut off what follows it, and go on with --after \(id)."
  }
}

/// The last whole line of what went by.
private struct LastLine {
  private var line: [UInt8] = []
  private var open: [UInt8] = []
  private(set) var count = 0

  mutating func append(_ piece: [UInt8]) {
    guard let end = piece.lastIndex(of: UInt8(ascii: "\n")) else { return open.append(contentsOf: piece) }
    count += piece.count { $0 == UInt8(ascii: "\n") }
    let start = piece[..<end].lastIndex(of: UInt8(ascii: "\n"))
    line = start.map { Array(piece[($0 + 1)..<end]) } ?? open + piece[..<end]
    open = Array(piece[(end + 1)...])
  }

  var id: String? { (try? JSONValue(parsing: line))?["id"]?.stringValue }
}
