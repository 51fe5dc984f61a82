import Core
import JSON

/// What a body is made of: documents as JSON text, each with the line where it begins.
enum ImportLines {
  case ndjson(LineSplitter)

  init(_ request: ImportRequest, of collection: Collection) {
    self = .ndjson(LineSplitter(lineBytesMax: Limits.importLineBytesMax))
  }

  struct Line {
    let number: Int
    /// A JSON text that was not looked at, or what is wrong with the line already.
    let text: Result<[UInt8], RoostError>
  }

  /// Throws what makes all that follows worthless.
  mutating func lines(in chunk: [UInt8]) throws -> [Line] {
    switch self {
    case .ndjson(var splitter):
      let lines = splitter.lines(in: chunk).compactMap(Self.line)
      self = .ndjson(splitter)
      return lines
    }
  }

  mutating func end() throws -> [Line] {
    switch self {
    case .ndjson(var splitter): return splitter.end().flatMap(Self.line).map { [$0] } ?? []
    }
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
