/// A number of the text, read once: enough to decide quickly whether it fits, and often to know its value.
struct NumberToken {
  let start: Int
  var end: Int
  var negative = false
  /// Whether it has neither fraction nor exponent.
  var isInteger = true
  /// The digits without the point, as far as they fit; `digits` of them count, leading zeros included.
  var mantissa: UInt64 = 0
  var digits = 0
  var fractionDigits = 0
  var exponent = 0
}

extension JSONScanner {
  /// Reads the number that starts at `position` with `-` or a digit.
  ///
  /// RFC 8259 section 6: `number = [ minus ] int [ frac ] [ exp ]`. A number beyond a double's range is a fault; one with more
  /// digits than a double holds, or too close to zero, is not.
  @inline(__always)
  mutating func scanNumber() throws(JSONFault) -> NumberToken {
    var token = NumberToken(start: position, end: position)
    if base[position] == UInt8(ascii: "-") {
      token.negative = true
      position += 1
    }
    let first = position
    let digits = scanDigits(&token)
    guard digits > 0 else { throw JSONFault(.expectedDigit, at: position) }
    if digits > 1, base[first] == UInt8(ascii: "0") { throw JSONFault(.leadingZero, at: first + 1) }
    if position < count, base[position] == UInt8(ascii: ".") {
      token.isInteger = false
      position += 1
      token.fractionDigits = scanDigits(&token)
      guard token.fractionDigits > 0 else { throw JSONFault(.expectedDigit, at: position) }
    }
    if position < count, base[position] | 0x20 == UInt8(ascii: "e") {
      token.isInteger = false
      try scanExponent(&token)
    }
    token.end = position
    // A number of at most 308 digits before the point is below 1e308, and so within a double.
    if digits + token.exponent > 308, !JSONNumber.isFinite(token, in: text) { throw JSONFault(.numberTooLarge, at: token.start) }
    return token
  }

  @inline(__always)
  private mutating func scanDigits(_ token: inout NumberToken) -> Int {
    // Locals, so that they stay in registers.
    var place = position
    var mantissa = token.mantissa
    while place < count {
      let digit = base[place] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      place += 1
    }
    let digits = place - position
    token.mantissa = mantissa
    token.digits += digits
    position = place
    return digits
  }

  private mutating func scanExponent(_ token: inout NumberToken) throws(JSONFault) {
    position += 1
    var negative = false
    if position < count, base[position] == UInt8(ascii: "-") || base[position] == UInt8(ascii: "+") {
      negative = base[position] == UInt8(ascii: "-")
      position += 1
    }
    let start = position
    // Far more than the digits of any text can make up for, and far from overflowing.
    let exponentMax = 1 << 50
    var exponent = 0
    while position < count {
      let digit = base[position] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      if exponent < exponentMax { exponent = exponent * 10 + Int(digit) }
      position += 1
    }
    guard position > start else { throw JSONFault(.expectedDigit, at: position) }
    token.exponent = negative ? -exponent : exponent
  }
}
