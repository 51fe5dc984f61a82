extension JSONWriter {
  /// Appends one quoted and escaped string. Only what RFC 8259 section 7 demands is escaped: quote, backslash and the control
  /// characters below U+0020.
  package static func append(_ string: String, to bytes: inout [UInt8]) {
    string.withUTF8Bytes { append(utf8: $0, to: &bytes, afterComma: false, beforeColon: false) }
  }

  /// Appends one quoted and escaped string. `string` must be UTF-8, not yet escaped.
  package static func append(utf8 string: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    append(utf8: string, to: &bytes, afterComma: false, beforeColon: false)
  }

  /// Appends the digits of an integer.
  package static func append(_ integer: Int64, to bytes: inout [UInt8]) {
    bytes.append(digitsOf: integer.magnitude, isNegative: integer < 0, afterComma: false)
  }

  /// Appends the shortest text that reads back as the same double, with a point or an exponent, so that it stays a double:
  /// `1.0`, `-0.0`, `1e+16`. NaN and the infinities become `null`, as in JavaScript: JSON has no text for them.
  package static func append(_ double: Double, to bytes: inout [UInt8]) {
    bytes.append(text: double.isFinite ? double.description : "null")
  }

  static func append(utf8 string: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8], afterComma: Bool, beforeColon: Bool) {
    let plain = endOfPlain(string, from: 0)
    if plain == string.count { return bytes.append(quoted: string, afterComma: afterComma, beforeColon: beforeColon) }
    if afterComma { bytes.append(UInt8(ascii: ",")) }
    appendEscaped(string, plain: plain, to: &bytes)
    if beforeColon { bytes.append(UInt8(ascii: ":")) }
  }

  private static func appendEscaped(_ string: UnsafeBufferPointer<UInt8>, plain: Int, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var start = 0
    var end = plain
    while true {
      bytes.append(bytes: UnsafeBufferPointer(rebasing: string[start..<end]))
      guard end < string.count else { break }
      appendEscape(of: string[end], to: &bytes)
      start = end + 1
      end = endOfPlain(string, from: start)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  @inline(__always)
  private static func endOfPlain(_ string: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = string.baseAddress else { return start }
    var position = start
    while position <= string.count - 8 {
      let escaped = ByteWord.escapedInString(ByteWord.load(base + position))
      if escaped != 0 { return position + ByteWord.firstIndex(escaped) }
      position += 8
    }
    while position < string.count {
      let byte = base[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
      position += 1
    }
    return position
  }

  private static func appendEscape(of byte: UInt8, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    default:
      let low = byte & 0x0F
      bytes.append(text: "u00")
      bytes.append(UInt8(ascii: "0") + byte >> 4)
      bytes.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") - 10 + low)
    }
  }
}
