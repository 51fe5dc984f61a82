/// The order of values of mixed types, as the database sorts documents: null and what is missing, then numbers with false as 0 and true
/// as 1, then text by its UTF-8 bytes; objects and arrays are their JSON text.
package enum JSONOrder {
  /// Below, at or above zero.
  package static func compare(_ a: JSONValue?, _ b: JSONValue?) -> Int {
    let (a, b) = (Key(a), Key(b))
    switch (a, b) {
    case (.number(let a), .number(let b)): return SchemaNumber.isLess(a, b) ? -1 : SchemaNumber.isLess(b, a) ? 1 : 0
    case (.text(let a), .text(let b)):
      return a.withUTF8Bytes { a in b.withUTF8Bytes { NameOrder.compare(a, $0) } }
    default: return a.rank - b.rank
    }
  }

  private enum Key {
    case nothing
    case number(JSONValue)
    case text(String)

    init(_ value: JSONValue?) {
      switch value {
      case nil, .null: self = .nothing
      case .bool(let value): self = .number(.int(value ? 1 : 0))
      case .int, .double: self = .number(value ?? .null)
      case .string(let text): self = .text(text)
      case .array, .object: self = .text(value?.text ?? "")
      }
    }

    var rank: Int {
      switch self {
      case .nothing: 0
      case .number: 1
      case .text: 2
      }
    }
  }
}
