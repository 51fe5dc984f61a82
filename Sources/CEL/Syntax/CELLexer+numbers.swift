extension CELLexer {
  /// An integer in decimal or, after `0x`, in hexadecimal, with `u` behind it if unsigned; or a number with a point or an exponent.
  mutating func number() throws(CELSyntaxFault) -> CELToken.Kind {
    let start = position
    let hexadecimal = byte() == UInt8(ascii: "0") && (byte(1) == UInt8(ascii: "x") || byte(1) == UInt8(ascii: "X"))
    var isDouble = false
    if hexadecimal {
      advance(2)
      skip(Self.isHexadecimal)
    } else {
      skip(Self.isDigit)
      if byte() == UInt8(ascii: "."), let next = byte(1), Self.isDigit(next) {
        isDouble = true
        advance()
        skip(Self.isDigit)
      }
      if exponentFollows {
        isDouble = true
        advance(2)
        skip(Self.isDigit)
      }
    }
    let text = String(decoding: source[start..<position], as: UTF8.self)
    if isDouble {
      try refuseName(after: start)
      guard let value = Double(text), value.isFinite else { throw CELSyntaxFault(offset: start, message: "\(text) is past the range of a double") }
      return .double(value)
    }
    let digits = hexadecimal ? String(text.dropFirst(2)) : text
    guard !digits.isEmpty else { throw CELSyntaxFault(offset: start, message: "expected hexadecimal digits after '\(text)'") }
    let value = UInt64(digits, radix: hexadecimal ? 16 : 10)
    guard byte() == UInt8(ascii: "u") || byte() == UInt8(ascii: "U") else {
      try refuseName(after: start)
      return .integer(value)
    }
    advance()
    try refuseName(after: start)
    guard let value else { throw CELSyntaxFault(offset: start, message: "\(text)u is past the range of uint, which ends at 18446744073709551615u") }
    return .unsigned(value)
  }

  private mutating func skip(_ matches: (UInt8) -> Bool) {
    while let byte = byte(), matches(byte) { advance() }
  }

  private var exponentFollows: Bool {
    guard byte() == UInt8(ascii: "e") || byte() == UInt8(ascii: "E"), let next = byte(1) else { return false }
    if Self.isDigit(next) { return true }
    guard next == UInt8(ascii: "+") || next == UInt8(ascii: "-"), let digit = byte(2) else { return false }
    return Self.isDigit(digit)
  }

  private func refuseName(after start: Int) throws(CELSyntaxFault) {
    guard let byte = byte(), Self.beginsName(byte) else { return }
    let number = String(decoding: source[start..<position], as: UTF8.self)
    throw CELSyntaxFault(offset: position, message: "found '\(Character(Unicode.Scalar(byte)))' right after the number \(number)")
  }

  static func isHexadecimal(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "f")
  }
}
