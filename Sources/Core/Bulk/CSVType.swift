import CEL
import JSON

/// How the cells of a column stand for values.
///
/// A cell with nothing in it, not even quotes, is a field that is not there; `""` is an empty text.
package enum CSVType: Sendable, Equatable {
  case text, number, bool
  /// A list or an object, as JSON.
  case json
  /// What is JSON in itself (a number, `true`, `null`, a list, an object, a text in quotes) is that; anything else is a text.
  case inferred

  /// - Parameter unknown: for fields of which the schema says nothing.
  package init(_ type: CELType, unknown: CSVType) {
    switch type {
    case .string: self = .text
    case .number, .int, .uint, .double: self = .number
    case .bool: self = .bool
    case .list, .object, .map: self = .json
    default: self = unknown
    }
  }

  // MARK: From a cell

  /// Appends the cell's value as JSON. Answers what was expected where it is none.
  func append(_ cell: ArraySlice<UInt8>, to json: inout [UInt8]) -> String? {
    switch self {
    case .text: return Self.appendText(cell, to: &json)
    case .number:
      guard Self.isJSON(cell), let first = cell.first, first == UInt8(ascii: "-") || Self.isDigit(first) else { return "expected a number" }
      json.append(contentsOf: cell)
    case .bool:
      guard let value = Self.bool(cell) else { return "expected true or false" }
      json.append(contentsOf: value.utf8)
    case .json:
      guard Self.isJSON(cell) else { return "expected JSON" }
      json.append(contentsOf: cell)
    case .inferred:
      if let value = Self.bool(cell) {
        json.append(contentsOf: value.utf8)
      } else if Self.mayBeJSON(cell), Self.isJSON(cell) {
        json.append(contentsOf: cell)
      } else {
        return Self.appendText(cell, to: &json)
      }
    }
    return nil
  }

  private static func appendText(_ cell: ArraySlice<UInt8>, to json: inout [UInt8]) -> String? {
    cell.withUnsafeBufferPointer { text -> String? in
      guard isUTF8(text) else { return "expected UTF-8" }
      JSONWriter.append(utf8: text, to: &json)
      return nil
    }
  }

  private static func isUTF8(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.contains(where: { $0 >= 0x80 }) else { return true }
    return String(validating: text, as: UTF8.self) != nil
  }

  /// Spreadsheets write them in capitals.
  private static func bool(_ cell: ArraySlice<UInt8>) -> String? {
    guard cell.count == 4 || cell.count == 5 else { return nil }
    return switch String(decoding: cell, as: UTF8.self) {
    case "true", "TRUE", "True": "true"
    case "false", "FALSE", "False": "false"
    default: nil
    }
  }

  private static func isJSON(_ cell: ArraySlice<UInt8>) -> Bool {
    cell.withUnsafeBufferPointer { text in (try? JSONText.validate(text, depthMax: Limits.jsonDepthMax)) != nil }
  }

  private static func mayBeJSON(_ cell: ArraySlice<UInt8>) -> Bool {
    guard let first = cell.first else { return false }
    switch first {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "n"): return true
    default: return isDigit(first)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  // MARK: To a cell

  /// The cell's text for a value. A text stands as it is, unless reading would take it for something else.
  func cell(_ value: ArraySlice<UInt8>) -> (text: [UInt8], isText: Bool) {
    guard value.first == UInt8(ascii: "\"") else { return (Array(value), false) }
    guard let text = try? JSONValue(parsing: Array(value)).stringValue else { return (Array(value), false) }
    let plain = Array(text.utf8)
    guard self == .inferred, Self.bool(plain[...]) != nil || Self.mayBeJSON(plain[...]) && Self.isJSON(plain[...]) else { return (plain, true) }
    return (Array(value), false)
  }
}
