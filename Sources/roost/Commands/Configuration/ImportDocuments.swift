import ArgumentParser
import Glibc
import JSON
import RoostClient
import Synchronization

/// `roost documents import`: any number of documents from NDJSON or CSV, in one request.
struct ImportDocuments: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Write many documents: NDJSON (a JSON object a line) or CSV.",
    discussion: """
      A document with an `id` is created or replaced, so that the same file may be imported again after an interruption; one without gets an \
      id. Each line stands or falls alone: those that fail are told, with exit status 1, and the others are written.

      Examples:
        roost documents import posts seed.ndjson
        roost documents import films films.csv --mode skip --validate
        zcat backup.ndjson.gz | roost documents import posts - --keep-times
      """)

  enum Mode: String, ExpressibleByArgument, CaseIterable { case create, put, skip, merge }
  enum Types: String, ExpressibleByArgument, CaseIterable { case infer, text }

  @Argument(help: "The collection's name.")
  var collection: String

  @Argument(help: ArgumentHelp("A file, or - for standard input.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("ndjson or csv; else as the file's name says (.csv), else ndjson.", valueName: "format"))
  var format: BulkFormat?

  @Option(
    help: ArgumentHelp(
      "What becomes of a document that is there: create (an error), put (replaced), skip (left alone), merge (merge patch).", valueName: "mode"))
  var mode = Mode.put

  @Option(help: ArgumentHelp("CSV cells of fields without a type in the schema: infer (numbers, true, JSON) or text.", valueName: "types"))
  var types = Types.infer

  @Flag(help: "Stop at the first line that fails; what was written before it stays.")
  var stop = false

  @Flag(help: "Judge every line and write none.")
  var validate = false

  @Flag(help: "Keep createdAt and updatedAt of the lines; for admins.")
  var keepTimes = false

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  private var options: ImportOptions {
    var options = ImportOptions()
    options.format = format ?? (file.lowercased().hasSuffix(".csv") ? .csv : .ndjson)
    options.mode = mode.rawValue
    options.types = types.rawValue
    (options.stopsAtError, options.isTrial, options.keepsTimes) = (stop, validate, keepTimes)
    return options
  }

  func run() async throws {
    let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw InputBytes.failure("open", file) }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    let (collection, options) = (collection, options)
    let source = ImportSource(descriptor, name: file == "-" ? "standard input" : file)
    let summary = try await server.call { client in
      defer { source.end() }
      return try await client.importDocuments(into: collection, options) { try source.next() }
    }
    try tell(summary)
  }

  /// The counts for people, the errors of the lines, and the exit status.
  private func tell(_ summary: JSONValue) throws {
    func count(_ name: String) -> Int64 { summary[name]?.intValue ?? 0 }
    let failed = count("failed")
    for error in summary["errors"]?.arrayValue ?? [] { Terminal.note(Self.sentence(error)) }
    if summary["errorsTruncated"]?.boolValue ?? false { Terminal.note("… and more.") }
    var parts = [("created", "created"), ("replaced", mode == .merge ? "changed" : "replaced"), ("unchanged", "left as they were"), ("failed", "failed")]
      .compactMap { name, word in count(name) > 0 ? "\(count(name)) \(word)" : nil }
    if parts.isEmpty { parts = ["there was none"] }
    let written = count("documents") - failed
    let what = validate ? "Would import \(written) of \(count("documents")) documents into" : "Imported \(written) document\(written == 1 ? "" : "s") into"
    output.done("\(what) '\(collection)': \(parts.joined(separator: ", ")).", summary)
    guard failed == 0 else { throw ExitCode(1) }
  }

  private static func sentence(_ error: JSONValue) -> String {
    let detail = error["detail"]?.stringValue ?? ""
    let fields = (error["errors"]?.arrayValue ?? []).compactMap { field in
      field["detail"]?.stringValue.map { "\n      \(field["pointer"]?.stringValue ?? ""): \($0)" }
    }
    return "Line \(error["line"]?.intValue ?? 0): \(detail)\(fields.joined())"
  }
}

extension BulkFormat: ExpressibleByArgument {}

/// What is imported, read as the connection takes it, with the progress on stderr.
private final class ImportSource: Sendable {
  private struct State {
    var progress = Progress("Sent", "lines")
    var lines = 0
  }

  private let descriptor: Int32
  private let name: String
  private let state = Mutex(State())

  init(_ descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  /// Nil at the end.
  func next() throws -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: ClientLimits.fileChunkBytes)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw InputBytes.failure("read", name) }
      guard count > 0 else { return nil }
      chunk.removeLast(chunk.count - count)
      let lines = chunk.count { $0 == UInt8(ascii: "\n") }
      state.withLock { state in
        state.lines += lines
        state.progress.show(state.lines)
      }
      return chunk
    }
  }

  func end() { state.withLock { $0.progress.end() } }
}
