import Glibc
import JSON

/// A value that still lies as JSON text in a document: compared where it is, and only turned into a `CELValue` when it must be.
struct CELRawValue {
  /// The place of the variable whose document holds it.
  let variable: Int
  let start: Int
  let end: Int
  /// Whether it is a string with escapes.
  let isEscaped: Bool

  enum Kind { case null, bool, number, string, list, map }
}

/// A value that may still be raw.
enum CELLazy {
  case raw(CELRawValue)
  case value(CELValue)
}

extension CELFrame {
  @inline(__always)
  func withText<Result>(_ raw: CELRawValue, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let text = texts[raw.variable]
    return body(UnsafeBufferPointer(rebasing: text[raw.start..<max(raw.start, min(raw.end, text.count))]))
  }

  func kind(_ raw: CELRawValue) -> CELRawValue.Kind {
    withText(raw) { text in
      switch text.first {
      case UInt8(ascii: "\""): .string
      case UInt8(ascii: "{"): .map
      case UInt8(ascii: "["): .list
      case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
      case UInt8(ascii: "n"): .null
      default: .number
      }
    }
  }

  func bool(_ raw: CELRawValue) -> Bool? {
    withText(raw) { text in
      switch text.first {
      case UInt8(ascii: "t"): true
      case UInt8(ascii: "f"): false
      default: nil
      }
    }
  }

  mutating func value(_ lazy: CELLazy) throws(CELFault) -> CELValue {
    switch lazy {
    case .value(let value): value
    case .raw(let raw): try value(raw)
    }
  }

  mutating func value(_ raw: CELRawValue) throws(CELFault) -> CELValue {
    try charge(bytes: raw.end - raw.start)
    return withText(raw) { CELRawValue.parse($0, isEscaped: raw.isEscaped) }
  }

  /// Whether two values are equal in CEL's sense; what is raw stays raw if it can.
  mutating func equal(_ left: CELLazy, _ right: CELLazy) throws(CELFault) -> Bool {
    switch (left, right) {
    case (.value(let left), .value(let right)): try equal(left, right)
    case (.raw(let raw), .value(let value)), (.value(let value), .raw(let raw)): try equal(raw, value)
    case (.raw(let left), .raw(let right)): try equal(left, value(right))
    }
  }

  mutating func equal(_ raw: CELRawValue, _ value: CELValue) throws(CELFault) -> Bool {
    switch value {
    case .string(let wanted):
      try charge(bytes: raw.end - raw.start)
      return withText(raw) { text in CELText.withBytes(wanted) { CELRawValue.isString(text, $0, isEscaped: raw.isEscaped) } }
    case .null: return kind(raw) == .null
    case .bool(let wanted): return bool(raw) == wanted
    case .list, .map: return try equal(self.value(raw), value)
    case .int, .uint, .double:
      guard kind(raw) == .number else { return false }
      return try CELNumber.compare(self.value(raw), value) == 0
    default: return false
    }
  }
}

extension CELFrame {
  /// Whether a raw value is a string that is one of these; nil if it must be unescaped first.
  @inline(__always)
  func isOne(_ raw: CELRawValue, of texts: CELTextSet) -> Bool? {
    if raw.isEscaped { return nil }
    return withText(raw) { text in
      guard text.count >= 2, text[0] == UInt8(ascii: "\"") else { return false }
      return texts.contains(UnsafeBufferPointer(rebasing: text[1..<text.count - 1]))
    }
  }
}

extension CELRawValue {
  /// Whether a JSON string's text, quotes and all, stands for these bytes. An escape is always longer than what it stands for.
  @inline(__always)
  static func isString(_ text: UnsafeBufferPointer<UInt8>, _ wanted: UnsafeBufferPointer<UInt8>, isEscaped: Bool) -> Bool {
    let length = text.count - 2
    guard length >= wanted.count, let base = text.baseAddress, base.pointee == UInt8(ascii: "\"") else { return false }
    if !isEscaped {
      guard length == wanted.count else { return false }
      return length == 0 || (wanted.baseAddress.map { memcmp(base + 1, $0, length) == 0 } ?? false)
    }
    guard length > wanted.count, case .string(let string) = parse(text, isEscaped: true) else { return false }
    return CELText.withBytes(string) { CELText.compare($0, wanted) == 0 }
  }

  /// The value of a valid JSON text; null for one that is not valid.
  static func parse(_ text: UnsafeBufferPointer<UInt8>, isEscaped: Bool) -> CELValue {
    switch text.first {
    case UInt8(ascii: "\"") where !isEscaped && text.count >= 2:
      .string(String(decoding: UnsafeBufferPointer(rebasing: text[1..<text.count - 1]), as: UTF8.self))
    case UInt8(ascii: "t"): .bool(true)
    case UInt8(ascii: "f"): .bool(false)
    case UInt8(ascii: "n"), nil: .null
    default: smallInteger(text).map(CELValue.int) ?? (try? JSONValue(parsing: text)).map { CELValue($0) } ?? .null
    }
  }

  /// An integer of up to 18 digits, which most numbers are; `-0` is a double.
  private static func smallInteger(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    let negative = text.first == UInt8(ascii: "-")
    let digits = text.dropFirst(negative ? 1 : 0)
    guard !digits.isEmpty, digits.count <= 18 else { return nil }
    var value: Int64 = 0
    for byte in digits {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    return negative ? (value == 0 ? nil : -value) : value
  }
}
