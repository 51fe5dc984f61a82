import JSON

/// JSON text that is the same for values that are the same: numbers by what they are worth (`1`, `1.0` and `1e0`), strings without needless
/// escapes, objects whatever the order of their members.
enum CanonicalJSON {
  /// - Parameter value: the text of one valid value.
  static func append(_ value: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    if isCanonical(value) {
      bytes.append(contentsOf: value)
    } else if let parsed = try? JSONValue(parsing: value) {
      normalized(parsed).write(into: &bytes)
    }
  }

  static func normalized(_ value: JSONValue) -> JSONValue {
    switch value {
    case .double(let number): JSONValue(number: number)
    case .array(let elements): .array(elements.map(normalized))
    case .object(let members):
      .object(
        JSONObject(
          members.map { ($0.key, normalized($0.value)) }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }))
    case .null, .bool, .int, .string: value
    }
  }

  /// What most values are: their text is copied.
  private static func isCanonical(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
    switch value.first {
    case UInt8(ascii: "\""): return !value.contains(UInt8(ascii: "\\"))
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return true
    default: return shortInteger(value) != nil
    }
  }

  /// A whole number of up to 18 digits; nil for everything else and for `-0`.
  static func shortInteger(_ value: UnsafeBufferPointer<UInt8>) -> Int64? {
    let isNegative = value.first == UInt8(ascii: "-")
    let digits = UnsafeBufferPointer(rebasing: value.dropFirst(isNegative ? 1 : 0))
    guard (1...18).contains(digits.count) else { return nil }
    var number: Int64 = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      number = number * 10 + Int64(digit - UInt8(ascii: "0"))
    }
    return isNegative ? (number == 0 ? nil : -number) : number
  }
}

extension JSONValue {
  /// A number as people write it: a whole one without a point.
  init(number: Double) {
    self = Int64(exactly: number).map(JSONValue.int) ?? .double(number)
  }
}
