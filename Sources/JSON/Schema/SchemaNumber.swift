/// Numbers by their mathematical values.
enum SchemaNumber {
  /// Whether `a` is less than `b`; false where one is no number.
  static func isLess(_ a: JSONValue, _ b: JSONValue) -> Bool {
    switch (a, b) {
    case (.int(let a), .int(let b)): a < b
    case (.double(let a), .double(let b)): a < b
    case (.int(let a), .double(let b)): isLess(a, b)
    case (.double(let a), .int(let b)): isGreater(b, a)
    default: false
    }
  }

  // 2^63 is exact as a double; all doubles within ±2^63 can be rounded to an Int64.
  private static func isLess(_ integer: Int64, _ double: Double) -> Bool {
    if double >= 0x1p63 { return true }
    if double < -0x1p63 { return false }
    let whole = double.rounded(.down)
    return integer < Int64(whole) || integer == Int64(whole) && double > whole
  }

  private static func isGreater(_ integer: Int64, _ double: Double) -> Bool {
    if double >= 0x1p63 { return false }
    if double < -0x1p63 { return true }
    return integer > Int64(double.rounded(.down))
  }

  /// Whether a number is a multiple of a positive one, both as the shortest decimals that stand for them: 0.3 is a multiple of
  /// 0.1, which it is not in binary.
  static func isMultiple(_ number: JSONValue, of divisor: JSONValue) -> Bool {
    if case .int(let number) = number, case .int(let divisor) = divisor { return divisor != 0 && number % divisor == 0 }
    guard let number = Decimal(number), let divisor = Decimal(divisor), divisor.digits > 0 else { return false }
    if number.digits == 0 { return true }
    let shift = number.exponent - divisor.exponent
    // The digits end in no zero, so nothing that ends in one divides them.
    guard shift >= 0 else { return false }
    var rest = number.digits % divisor.digits
    for _ in 0..<shift {
      if rest == 0 { return true }
      rest = divisor.digits.dividingFullWidth(rest.multipliedFullWidth(by: 10)).remainder
    }
    return rest == 0
  }

  /// `digits` × 10^`exponent`, without its sign; the last digit is not 0.
  private struct Decimal {
    var digits: UInt64 = 0
    var exponent = 0

    init?(_ value: JSONValue) {
      switch value {
      case .int(let integer): digits = UInt64(integer.magnitude)
      case .double(let double):
        // The shortest text that reads back as the same double: at most 17 digits.
        var isFraction = false
        var bytes = double.magnitude.description.utf8[...]
        while let byte = bytes.first, byte != UInt8(ascii: "e") {
          bytes.removeFirst()
          if byte == UInt8(ascii: ".") {
            isFraction = true
            continue
          }
          let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
          guard !overflow, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
          digits = product + UInt64(byte - UInt8(ascii: "0"))
          if isFraction { exponent -= 1 }
        }
        if !bytes.isEmpty {
          guard let written = Int(String(decoding: bytes.dropFirst(), as: UTF8.self)) else { return nil }
          exponent += written
        }
      default: return nil
      }
      while digits != 0, digits % 10 == 0 {
        digits /= 10
        exponent += 1
      }
    }
  }
}
