import CSQLite

/// A value that is bound to a statement.
enum SQLValue: Sendable {
  case null
  case int(Int64)
  case double(Double)
  case text(String)
  /// Text as its UTF-8, such as JSON.
  case utf8([UInt8])
  case blob([UInt8])

  init(_ text: String?) { self = text.map(SQLValue.text) ?? .null }
  init(_ number: Int64?) { self = number.map(SQLValue.int) ?? .null }
  init(utf8 bytes: [UInt8]?) { self = bytes.map(SQLValue.utf8) ?? .null }
  init(_ flag: Bool) { self = .int(flag ? 1 : 0) }

  /// About what SQLite copies of it.
  var byteCount: Int {
    switch self {
    case .null, .int, .double: 8
    case .text(let text): text.utf8.count
    case .utf8(let bytes), .blob(let bytes): bytes.count
    }
  }
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  init(stringLiteral value: String) { self = .text(value) }
  init(integerLiteral value: Int64) { self = .int(value) }
}
