import CEL
import Core
import JSON

/// What a body is made of: documents as JSON text, each with the line where it begins.
struct ImportLines {
  private var splitter: LineSplitter?
  private var rows: CSVRows?

  init(_ request: ImportRequest, of collection: Collection) {
    switch request.format {
    case .ndjson: splitter = LineSplitter(lineBytesMax: Limits.importLineBytesMax)
    case .csv: rows = CSVRows(collection.documentType, unknown: request.infersTypes ? .inferred : .text)
    }
  }

  struct Line {
    let number: Int
    /// A JSON text that was not looked at, or what is wrong with the line already.
    let text: Result<[UInt8], any Error>
  }

  /// Throws what makes all that follows worthless.
  mutating func lines(in chunk: [UInt8]) throws -> [Line] {
    try rows?.lines(in: chunk) ?? splitter?.lines(in: chunk).compactMap(Self.line) ?? []
  }

  mutating func end() throws -> [Line] {
    try rows?.end() ?? splitter?.end().flatMap(Self.line).map { [$0] } ?? []
  }

  /// Nil for an empty line.
  private static func line(_ line: LineSplitter.Line) -> Line? {
    guard let text = line.text else {
      let error = RoostError(.payloadTooLarge, "The line is longer than \(Limits.importLineBytesMax) bytes.")
      return Line(number: line.number, text: .failure(error))
    }
    guard !text.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) else { return nil }
    return Line(number: line.number, text: .success(text))
  }
}

/// The rows of a CSV as JSON, once its header has told what they hold.
private struct CSVRows {
  private let type: CELType
  private let unknown: CSVType
  private var reader = CSVReader(recordBytesMax: Limits.importLineBytesMax)
  private var columns: CSVColumns?

  init(_ type: CELType, unknown: CSVType) {
    self.type = type
    self.unknown = unknown
  }

  mutating func lines(in chunk: [UInt8]) throws -> [ImportLines.Line] { try reader.records(in: chunk).compactMap { try line($0) } }

  mutating func end() throws -> [ImportLines.Line] { try reader.end().compactMap { try line($0) } }

  private mutating func line(_ record: CSVRecord) throws -> ImportLines.Line? {
    guard let columns else {
      columns = try CSVColumns(header: record, type, unknown: unknown)
      return nil
    }
    return ImportLines.Line(number: record.line, text: Result { try columns.document(record) })
  }
}

extension DocumentBody {
  /// The document of a line: errors name the column in it.
  static func ofLine(_ text: [UInt8]) throws -> DocumentBody {
    do {
      return try DocumentBody(text)
    } catch let error as RoostError where error.code == .invalidJSON {
      do {
        try JSONText.validateObject(text, depthMax: Limits.jsonDepthMax)
      } catch {
        throw RoostError(.invalidJSON, "The line is not a valid JSON object: \(error.message) (column \(error.column)).")
      }
      throw error
    }
  }
}
