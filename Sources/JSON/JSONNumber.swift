/// From a number's text to its value.
enum JSONNumber {
  /// The powers of ten that a double holds exactly.
  private static let exactPowers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// Integers within Int64 become `.int`, all others `.double`. `-0` is `.double(-0.0)`: an Int64 has no such value.
  static func value(of token: NumberToken, in text: UnsafeBufferPointer<UInt8>) -> JSONValue {
    if token.isInteger, let integer = integer(token, in: text) { return .int(integer) }
    return .double(double(token, in: text))
  }

  static func isFinite(_ token: NumberToken, in text: UnsafeBufferPointer<UInt8>) -> Bool { slowDouble(token, in: text).isFinite }

  private static func integer(_ token: NumberToken, in text: UnsafeBufferPointer<UInt8>) -> Int64? {
    // 19 digits fit a UInt64; 20 may not, but no Int64 has that many.
    guard token.digits <= 19 else { return nil }
    if token.negative {
      guard token.mantissa != 0, token.mantissa <= 1 << 63 else { return nil }
      return Int64(truncatingIfNeeded: 0 &- token.mantissa)
    }
    return Int64(exactly: token.mantissa)
  }

  private static func double(_ token: NumberToken, in text: UnsafeBufferPointer<UInt8>) -> Double {
    // W. Clinger, "How to Read Floating Point Numbers Accurately" (1990): if the digits and the power of ten are both exact,
    // one multiplication or division rounds correctly.
    let power = token.exponent - token.fractionDigits
    guard token.digits <= 19, token.mantissa <= 1 << 53, power.magnitude <= 22 else { return slowDouble(token, in: text) }
    let digits = Double(token.mantissa)
    let size = power < 0 ? digits / exactPowers[-power] : digits * exactPowers[power]
    return token.negative ? -size : size
  }

  /// The standard library rounds correctly and does not look at the locale; it gives infinity where the number is too large.
  private static func slowDouble(_ token: NumberToken, in text: UnsafeBufferPointer<UInt8>) -> Double {
    Double(String(decoding: text[token.start..<token.end], as: UTF8.self)) ?? .infinity
  }
}
