import ArgumentParser
import Glibc
import JSON
import RoostClient

/// `roost documents import`: many documents from NDJSON, in batches.
struct ImportDocuments: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Write many documents: a JSON object a line (NDJSON).",
    discussion: """
      A document with an `id` is created or replaced, so that the same file may be imported again; one without gets an id. Each batch \
      is written as a whole or not at all; what was written before a mistake stays.

      Example:
        roost documents import posts seed.ndjson
      """)

  /// One line, as large as a document may be with room for white space.
  private static let lineBytesMax = 2 << 20
  /// A batch stays within the server's limit for a body (1 MiB) unless a single document is that large.
  private static let batchBytes = 700 << 10
  private static let batchWrites = 250

  @Argument(help: "The collection's name.")
  var collection: String

  @Argument(help: ArgumentHelp("A file, or - for standard input.", valueName: "file"))
  var file: String

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw InputBytes.failure("open", file) }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    let lines = LineReader(descriptor, name: file == "-" ? "standard input" : file, lineBytesMax: Self.lineBytesMax)
    let count = try await server.call { client in try await send(lines, client) }
    output.done(
      "Imported \(count) document\(count == 1 ? "" : "s") into '\(collection)'.",
      ["collection": .string(collection), "count": .int(Int64(count))])
  }

  private func send(_ lines: LineReader, _ client: RoostClient) async throws -> Int {
    var lines = lines
    var progress = Progress("Imported", "documents")
    var done = 0
    var batch: [JSONValue] = []
    var bytes = 0
    while let line = try lines.next() {
      if line.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) { continue }
      if !batch.isEmpty, bytes + line.count > Self.batchBytes || batch.count == Self.batchWrites {
        try await write(batch, after: done, client)
        done += batch.count
        (batch, bytes) = ([], 0)
        progress.show(done)
      }
      batch.append(try operation(line, number: lines.number, done: done))
      bytes += line.count
    }
    if !batch.isEmpty {
      try await write(batch, after: done, client)
      done += batch.count
    }
    progress.end()
    return done
  }

  private func operation(_ line: [UInt8], number: Int, done: Int) throws -> JSONValue {
    let object = try JSONInput.object(line, name: "Line \(number) of \(file == "-" ? "standard input" : file)", advice: Self.sofar(done))
    guard let id = object["id"]?.stringValue else { return ["op": "create", "collection": .string(collection), "data": object] }
    return ["op": "put", "collection": .string(collection), "id": .string(id), "data": object]
  }

  private func write(_ batch: [JSONValue], after done: Int, _ client: RoostClient) async throws {
    do {
      _ = try await client.batch(batch)
    } catch let error as RoostClientError where error.status.map({ (400..<500).contains($0) && $0 != 401 && $0 != 403 }) ?? false {
      throw CommandError(Self.refusal(error, batch: done + 1...done + batch.count), advice: Self.sofar(done))
    }
  }

  /// The server counts the writes of a batch from 0; people the documents of a file from 1.
  private static func refusal(_ error: RoostClientError, batch: ClosedRange<Int>) -> String {
    let parts = error.errors.first?.pointer.split(separator: "/") ?? []
    guard parts.count > 1, parts[0] == "writes", let position = Int(parts[1]), position >= 0, position < batch.count else {
      return "The documents \(batch.lowerBound) to \(batch.upperBound) were refused: \(error.detail)"
    }
    let prefix = "Write \(position): "
    let detail = error.detail.hasPrefix(prefix) ? String(error.detail.dropFirst(prefix.count)) : error.detail
    return "The document \(batch.lowerBound + position) was refused: \(detail)"
  }

  private static func sofar(_ done: Int) -> String? {
    done == 0 ? nil : "The \(done) documents before it are written. Mend the file and import it again."
  }
}
