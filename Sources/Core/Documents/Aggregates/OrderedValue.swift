import JSON

/// A value in the order that documents are sorted by: null and missing, then numbers with false as 0 and true as 1, then text by its UTF-8
/// bytes, among which objects and arrays are their JSON text. Values that are alike in that order are told apart, so that the least of
/// many does not depend on which came first.
struct OrderedValue: Comparable {
  private enum Place {
    case null
    case int(Int64)
    case double(Double)
    case text([UInt8])
  }

  private let place: Place
  private let kind: UInt8
  let json: JSONValue

  init(_ json: JSONValue) {
    self.json = json
    switch json {
    case .null: (place, kind) = (.null, 0)
    case .int(let number): (place, kind) = (.int(number), 1)
    case .double(let number): (place, kind) = (.double(number), 1)
    case .bool(let flag): (place, kind) = (.int(flag ? 1 : 0), 2)
    case .string(let text): (place, kind) = (.text(Array(text.utf8)), 3)
    case .array, .object: (place, kind) = (.text(json.bytes()), 4)
    }
  }

  /// About what it holds in memory.
  var byteCount: Int {
    if case .text(let bytes) = place { 2 * bytes.count + 64 } else { 64 }
  }

  /// Negative, zero or positive, like `memcmp`.
  static func compare(_ left: OrderedValue, _ right: OrderedValue) -> Int {
    let order =
      switch (left.place, right.place) {
      case (.null, .null): 0
      case (.null, _): -1
      case (_, .null): 1
      case (.text(let a), .text(let b)): compare(a, b)
      case (.text, _): 1
      case (_, .text): -1
      case (.int(let a), .int(let b)): sign(a < b, a > b)
      case (.double(let a), .double(let b)): sign(a < b, a > b)
      case (.int(let a), .double(let b)): compare(a, b)
      case (.double(let a), .int(let b)): -compare(b, a)
      }
    return order != 0 ? order : Int(left.kind) - Int(right.kind)
  }

  static func < (left: OrderedValue, right: OrderedValue) -> Bool { compare(left, right) < 0 }
  static func == (left: OrderedValue, right: OrderedValue) -> Bool { compare(left, right) == 0 }

  private static func sign(_ isLess: Bool, _ isGreater: Bool) -> Int { isLess ? -1 : isGreater ? 1 : 0 }

  /// Exact, where turning the whole number into a double might round it.
  private static func compare(_ whole: Int64, _ number: Double) -> Int {
    if number >= 0x1p63 { return -1 }
    if number < -0x1p63 { return 1 }
    let truncated = Int64(number)
    if whole != truncated { return whole < truncated ? -1 : 1 }
    let rest = number - Double(truncated)
    return sign(rest > 0, rest < 0)
  }

  private static func compare(_ left: [UInt8], _ right: [UInt8]) -> Int {
    left.lexicographicallyPrecedes(right) ? -1 : left == right ? 0 : 1
  }
}
