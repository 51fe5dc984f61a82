extension CELFunctions {
  static let conversions: [CELFunction] = [
    CELFunction("int", [.int, .uint, .double, .string, .timestamp, .duration].map { .global($0, gives: .int) }, .one(int)),
    CELFunction("uint", [.int, .uint, .double, .string].map { .global($0, gives: .uint) }, .one(uint)),
    CELFunction("double", [.int, .uint, .double, .string].map { .global($0, gives: .double) }, .one(double)),
    CELFunction(
      "string", [.string, .int, .uint, .double, .bool, .bytes, .timestamp, .duration].map { .global($0, gives: .string) }, .one(string)),
    CELFunction("bytes", [.bytes, .string].map { .global($0, gives: .bytes) }, .one(bytes)),
    CELFunction("bool", [.bool, .string].map { .global($0, gives: .bool) }, .one(bool)),
    CELFunction("timestamp", [.string, .timestamp, .int].map { .global($0, gives: .timestamp) }, .one(timestamp)),
    CELFunction("duration", [.string, .duration, .int].map { .global($0, gives: .duration) }, .one(duration)),
    CELFunction("type", [.global(.dyn, gives: .type)], .one { (value, _) throws(CELFault) in .type(value.typeName) }),
    CELFunction("dyn", [.global(.dyn, gives: .dyn)], .one { (value, _) throws(CELFault) in value }),
  ]

  /// The value that a conversion gave, or a fault that quotes what could not be converted.
  private static func converted<Value>(_ result: Value?, _ source: CELValue, _ frame: inout CELFrame) throws(CELFault) -> Value {
    if let result { return result }
    frame.detail = .key(source)
    switch source {
    case .string, .bytes: throw CELFault(.badConversion)
    default: throw CELFault(.overflow)
    }
  }

  private static func int(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .int: return value
    case .uint(let number): return .int(try converted(Int64(exactly: number), value, &frame))
    // Both ends of the range are refused, as the language definition's tests have it: near them a double is not exact.
    case .double(let number):
      let fits = number.magnitude < 9_223_372_036_854_775_808
      return .int(try converted(fits ? Int64(number) : nil, value, &frame))
    case .string(let text): return .int(try converted(isPlain(text) ? Int64(text) : nil, value, &frame))
    case .timestamp(let time): return .int(time.seconds)
    case .duration(let time): return .int(time.seconds)
    default: throw frame.mismatch(value)
    }
  }

  private static func uint(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .uint: return value
    case .int(let number): return .uint(try converted(UInt64(exactly: number), value, &frame))
    case .double(let number):
      let fits = number >= 0 && number < 18_446_744_073_709_551_616
      return .uint(try converted(fits ? UInt64(number) : nil, value, &frame))
    case .string(let text): return .uint(try converted(isPlain(text) ? UInt64(text) : nil, value, &frame))
    default: throw frame.mismatch(value)
    }
  }

  private static func double(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .double: return value
    case .int(let number): return .double(Double(number))
    case .uint(let number): return .double(Double(number))
    case .string(let text): return .double(try converted(number(text), value, &frame))
    default: throw frame.mismatch(value)
    }
  }

  private static func isPlain(_ text: String) -> Bool { text.utf8.count <= 64 }

  /// Decimal digits with a point and an exponent, `NaN`, or `Infinity` with a sign; no hexadecimal, which Swift would take.
  private static func number(_ text: String) -> Double? {
    switch text {
    case "NaN": .nan
    case "Infinity", "+Infinity", "Inf", "+Inf", "inf", "infinity": .infinity
    case "-Infinity", "-Inf", "-inf", "-infinity": -.infinity
    default:
      text.utf8.count <= 400 && text.utf8.allSatisfy { CELLexer.isDigit($0) || [43, 45, 46, 69, 101].contains($0) } ? Double(text) : nil
    }
  }

  private static func string(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .string: return value
    case .int(let number): return .string(String(number))
    case .uint(let number): return .string(String(number))
    case .double(let number): return .string(text(number))
    case .bool(let bool): return .string(bool ? "true" : "false")
    case .bytes(let bytes):
      try frame.charge(bytes: bytes.count)
      return .string(try converted(String(validating: bytes, as: UTF8.self), value, &frame))
    case .timestamp(let time): return .string(time.text)
    case .duration(let time): return .string(time.text)
    default: throw frame.mismatch(value)
    }
  }

  /// The shortest digits that give the number back; whole numbers without `.0`.
  static func text(_ number: Double) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
    let text = "\(number)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func bytes(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .bytes: return value
    case .string(let text):
      try frame.charge(bytes: text.utf8.count)
      return .bytes(Array(text.utf8))
    default: throw frame.mismatch(value)
    }
  }

  private static func bool(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .bool: return value
    case .string(let text):
      switch text {
      case "true", "True", "TRUE", "t", "1": return .bool(true)
      case "false", "False", "FALSE", "f", "0": return .bool(false)
      default: return .bool(try converted(nil, value, &frame))
      }
    default: throw frame.mismatch(value)
    }
  }

  private static func timestamp(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .timestamp: return value
    case .string(let text): return .timestamp(try converted(CELTimestamp(text: text), value, &frame))
    case .int(let seconds): return .timestamp(try converted(CELTimestamp(seconds: seconds), value, &frame))
    default: throw frame.mismatch(value)
    }
  }

  private static func duration(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .duration: return value
    case .string(let text): return .duration(try converted(isPlain(text) ? CELDuration(text: text) : nil, value, &frame))
    case .int(let seconds): return .duration(try converted(CELDuration(seconds: seconds), value, &frame))
    default: throw frame.mismatch(value)
    }
  }
}
