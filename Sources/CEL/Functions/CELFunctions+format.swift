import Glibc

extension CELFunctions {
  static let formats: [CELFunction] = [
    CELFunction("format", [.method(.string, .list(.dyn), gives: .string)], .two(format))
  ]

  /// Digits behind the point that may be asked for.
  private static let precisionMax = 100

  /// `"%s has %d".format([name, count])`: %s, %d, %f, %e, %b, %x, %X, %o, with a precision for %f and %e, and %% for %.
  private static func format(_ pattern: CELValue, _ arguments: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    guard case .string(let pattern) = pattern, case .list(let arguments) = arguments else { throw frame.mismatch(pattern, arguments) }
    try frame.charge(bytes: pattern.utf8.count)
    var result = ""
    var used = 0
    var rest = pattern.unicodeScalars[...]
    while let next = rest.firstIndex(of: "%") {
      result.unicodeScalars.append(contentsOf: rest[..<next])
      rest = rest[rest.index(after: next)...]
      if rest.first == "%" {
        rest.removeFirst()
        result += "%"
        continue
      }
      let precision = try precision(&rest, &frame)
      guard let clause = rest.popFirst() else { throw refusal("the format ends within a clause", &frame) }
      guard used < arguments.count else { throw refusal("the format has more clauses than there are values (\(arguments.count))", &frame) }
      let text = try self.text(arguments[used], clause, precision, &frame)
      try frame.charge(bytes: text.utf8.count)
      result += text
      used += 1
    }
    result.unicodeScalars.append(contentsOf: rest)
    return .string(result)
  }

  private static func refusal(_ text: String, _ frame: inout CELFrame) -> CELFault {
    frame.detail = .text(text)
    return CELFault(.badArgument)
  }

  private static func precision(_ rest: inout Substring.UnicodeScalarView, _ frame: inout CELFrame) throws(CELFault) -> Int? {
    guard rest.first == "." else { return nil }
    rest.removeFirst()
    let digits = rest.prefix { $0.value >= 48 && $0.value <= 57 }
    rest.removeFirst(digits.count)
    guard digits.count <= 3, let precision = Int(String(digits)), precision <= precisionMax else {
      throw refusal("a precision must be a number of at most \(precisionMax)", &frame)
    }
    return precision
  }

  private static func text(_ value: CELValue, _ clause: Unicode.Scalar, _ precision: Int?, _ frame: inout CELFrame) throws(CELFault) -> String {
    var text: String?
    switch clause {
    case "s":
      var result = ""
      try write(value, to: &result, &frame)
      text = result
    case "d": text = decimal(value)
    case "f": text = number(value).map { floating($0, "%.*f", precision ?? 6) }
    case "e": text = number(value).map { floating($0, "%.*e", precision ?? 6) }
    case "b": text = whole(value, radix: 2)
    case "o": text = isBool(value) ? nil : whole(value, radix: 8)
    case "x": text = isBool(value) ? nil : hexadecimal(value)
    case "X": text = isBool(value) ? nil : hexadecimal(value)?.uppercased()
    default: throw refusal("'%\(clause)' is no clause of a format; known are %s %d %f %e %b %x %X %o", &frame)
    }
    guard let text else { throw refusal("'%\(clause)' cannot write a \(value.typeName)", &frame) }
    return text
  }

  /// A value within %s; strings bare, maps by the text of their keys.
  private static func write(_ value: CELValue, to text: inout String, _ frame: inout CELFrame) throws(CELFault) {
    try frame.charge(1)
    switch value {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .int(let value): text += String(value)
    case .uint(let value): text += String(value)
    case .double(let value): text += self.text(value)
    case .string(let value), .type(let value):
      try frame.charge(bytes: value.utf8.count)
      text += value
    case .bytes(let value):
      try frame.charge(bytes: value.count)
      text += String(decoding: value, as: UTF8.self)
    case .timestamp(let value): text += value.text
    case .duration(let value): text += value.text
    case .list(let elements):
      text += "["
      for (place, element) in elements.enumerated() {
        if place > 0 { text += ", " }
        try write(element, to: &text, &frame)
      }
      text += "]"
    case .map(let map):
      var entries: [(String, CELValue)] = []
      for (key, value) in map.entries {
        var name = ""
        try write(key, to: &name, &frame)
        entries.append((name, value))
      }
      entries.sort { CELText.compare($0.0, $1.0) < 0 }
      text += "{"
      for (place, entry) in entries.enumerated() {
        if place > 0 { text += ", " }
        text += entry.0 + ": "
        try write(entry.1, to: &text, &frame)
      }
      text += "}"
    case .optional: throw refusal("'%s' cannot write an optional", &frame)
    }
  }

  private static func decimal(_ value: CELValue) -> String? {
    switch value {
    case .int(let number): String(number)
    case .uint(let number): String(number)
    case .double(let number): text(number)
    default: nil
    }
  }

  private static func number(_ value: CELValue) -> Double? {
    switch value {
    case .double(let number): number
    case .int(let number): Double(number)
    case .uint(let number): Double(number)
    default: nil
    }
  }

  private static func floating(_ number: Double, _ format: String, _ precision: Int) -> String {
    guard number.isFinite else { return text(number) }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
      let count = withVaList([Int32(precision), number]) { vsnprintf(buffer.baseAddress, buffer.count, format, $0) }
      return String(decoding: buffer.prefix(max(0, min(Int(count), buffer.count - 1))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  private static func isBool(_ value: CELValue) -> Bool {
    if case .bool = value { return true }
    return false
  }

  private static func whole(_ value: CELValue, radix: Int) -> String? {
    switch value {
    case .bool(let bool): bool ? "1" : "0"
    case .int(let number): String(number, radix: radix)
    case .uint(let number): String(number, radix: radix)
    default: nil
    }
  }

  private static func hexadecimal(_ value: CELValue) -> String? {
    switch value {
    case .string(let text): digits(Array(text.utf8))
    case .bytes(let bytes): digits(bytes)
    default: whole(value, radix: 16)
    }
  }

  private static func digits(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
