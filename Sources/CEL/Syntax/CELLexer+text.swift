extension CELLexer {
  /// A string or bytes literal; the position is at its quotation mark, behind the prefix.
  mutating func text(raw: Bool, bytes: Bool) throws(CELSyntaxFault) -> CELToken.Kind {
    let start = position
    guard let quote = byte() else { throw CELSyntaxFault(offset: start, message: "expected a quotation mark") }
    let triple = byte(1) == quote && byte(2) == quote
    advance(triple ? 3 : 1)
    var content: [UInt8] = []
    while true {
      guard let byte = byte() else {
        throw CELSyntaxFault(offset: start, message: "this string has no closing \(triple ? "triple " : "")quotation mark")
      }
      if byte == quote, !triple || (self.byte(1) == quote && self.byte(2) == quote) {
        advance(triple ? 3 : 1)
        break
      }
      if !triple, byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        throw CELSyntaxFault(offset: start, message: "this string has no closing quotation mark in its line; write \\n for a line break")
      }
      if byte == UInt8(ascii: "\\"), !raw {
        try escape(into: &content, bytes: bytes)
      } else {
        content.append(byte)
        advance()
      }
    }
    return bytes ? .bytes(content) : .string(String(decoding: content, as: UTF8.self))
  }

  private mutating func escape(into content: inout [UInt8], bytes: Bool) throws(CELSyntaxFault) {
    let start = position
    advance()
    guard let byte = byte() else { throw CELSyntaxFault(offset: start, message: "expected a character after '\\'") }
    advance()
    if let simple = Self.simpleEscapes[byte] {
      content.append(simple)
      return
    }
    let value: UInt32
    var isCodePoint = !bytes
    switch byte {
    case UInt8(ascii: "x"), UInt8(ascii: "X"): value = try digits(2, radix: 16, from: start)
    case UInt8(ascii: "0")...UInt8(ascii: "3"):
      advance(-1)
      value = try digits(3, radix: 8, from: start)
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      guard !bytes else { throw CELSyntaxFault(offset: start, message: "'\\u' names a character; in bytes write '\\x' and two digits for each byte") }
      isCodePoint = true
      value = try digits(byte == UInt8(ascii: "u") ? 4 : 8, radix: 16, from: start)
    default:
      throw CELSyntaxFault(
        offset: start, message: "this is no escape; known are \\a \\b \\f \\n \\r \\t \\v \\\\ \\? \\\" \\' \\` \\xFF \\377 \\uFFFF \\U0010FFFF")
    }
    guard isCodePoint else {
      content.append(UInt8(truncatingIfNeeded: value))
      return
    }
    guard let scalar = Unicode.Scalar(value) else {
      throw CELSyntaxFault(offset: start, message: "U+\(String(value, radix: 16, uppercase: true)) is no character (a surrogate, or past U+10FFFF)")
    }
    content.append(contentsOf: Character(scalar).utf8)
  }

  private mutating func digits(_ count: Int, radix: UInt32, from start: Int) throws(CELSyntaxFault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<count {
      guard let byte = byte(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else {
        throw CELSyntaxFault(offset: start, message: "expected \(count) \(radix == 8 ? "octal" : "hexadecimal") digits in this escape")
      }
      value = value &* radix &+ UInt32(digit)
      advance()
    }
    return value
  }

  private static let simpleEscapes: [UInt8: UInt8] = [
    UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13,
    UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11, UInt8(ascii: "\\"): UInt8(ascii: "\\"), UInt8(ascii: "?"): UInt8(ascii: "?"),
    UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "'"): UInt8(ascii: "'"), UInt8(ascii: "`"): UInt8(ascii: "`"),
  ]
}
