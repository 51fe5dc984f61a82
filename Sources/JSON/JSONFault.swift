/// What the scanner throws: two words, so that the path without errors pays nothing for good messages.
/// It becomes a `JSONError` once, at the outermost call.
struct JSONFault: Error {
  enum Kind: UInt8 {
    case expectedValue, expectedKeyOrEnd, expectedKey, expectedColon, expectedCommaOrBrace, expectedCommaOrBracket
    case expectedEnd, expectedObject
    case expectedDigit, leadingZero, numberTooLarge
    case unterminatedString, controlCharacter, invalidUTF8, invalidEscape, invalidHexDigits, loneSurrogate
    case duplicateKey, tooDeep, byteOrderMark
  }

  let offset: Int
  let kind: Kind

  init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }
}

extension JSONError {
  init(_ fault: JSONFault, in text: UnsafeBufferPointer<UInt8>, depthMax: Int) {
    var line = 1
    var column = 1
    for byte in text.prefix(fault.offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    self.init(
      offset: fault.offset, line: line, column: column,
      message: JSONError.message(of: fault, in: text, depthMax: depthMax))
  }

  private static func message(of fault: JSONFault, in text: UnsafeBufferPointer<UInt8>, depthMax: Int) -> String {
    let found = found(at: fault.offset, in: text)
    return switch fault.kind {
    case .expectedValue: "expected a value, found \(found)"
    case .expectedKeyOrEnd: "expected a key in double quotes or '}', found \(found)"
    case .expectedKey: "expected a key in double quotes after ',', found \(found)"
    case .expectedColon: "expected ':' after the key, found \(found)"
    case .expectedCommaOrBrace: "expected ',' or '}' after the member, found \(found)"
    case .expectedCommaOrBracket: "expected ',' or ']' after the element, found \(found)"
    case .expectedEnd: "expected the end of the text after the value, found \(found)"
    case .expectedObject: "expected an object, found \(found)"
    case .expectedDigit: "expected a digit in the number, found \(found)"
    case .leadingZero: "expected no digit after the leading 0 of a number, found \(found)"
    case .numberTooLarge: "expected a number within a double's range (about 1.8e308), found a larger one"
    case .unterminatedString: "expected '\"' to end the string, found \(found)"
    case .controlCharacter: "expected control characters in a string to be escaped, found \(found)"
    case .invalidUTF8: "expected valid UTF-8 in the string, found \(found)"
    case .invalidEscape: "expected one of \" \\ / b f n r t u after the backslash, found \(found)"
    case .invalidHexDigits: "expected four hexadecimal digits after \\u, found \(found)"
    case .loneSurrogate: "expected a surrogate pair, found half of one in a \\u escape"
    case .duplicateKey: "expected each key of an object once, found \(found) again"
    case .tooDeep: "expected at most \(depthMax) nested arrays and objects, found one more"
    case .byteOrderMark: "expected a value, found a byte order mark, which is not allowed"
    }
  }

  /// A word on what lies at `offset`, short whatever the text holds.
  private static func found(at offset: Int, in text: UnsafeBufferPointer<UInt8>) -> String {
    guard offset < text.count else { return "the end of the text" }
    let rest = text[offset...]
    let first = text[offset]
    if first == UInt8(ascii: "\"") { return quotedString(rest) }
    if isWordByte(first) {
      let word = rest.prefix(16).prefix(while: isWordByte)
      return "'\(String(decoding: word, as: UTF8.self))'"
    }
    if first < 0x20 || first == 0x7F { return "the control character 0x\(hex(first))" }
    let length = first < 0x80 ? 1 : UTF8Sequence.length(at: offset, in: text)
    guard length > 0 else { return "the byte 0x\(hex(first))" }
    return "'\(String(decoding: rest.prefix(length), as: UTF8.self))'"
  }

  private static func quotedString(_ rest: Slice<UnsafeBufferPointer<UInt8>>) -> String {
    let lengthMax = 32
    let inside = rest.dropFirst().prefix(lengthMax).prefix { $0 != UInt8(ascii: "\"") && $0 >= 0x20 }
    // A key is only named once it was found valid; elsewhere the text behind the quote may be anything.
    let word = String(validating: inside, as: UTF8.self) ?? "…"
    return inside.count == lengthMax ? "the string \"\(word)…" : "the string \"\(word)\""
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return byte < 16 ? "0" + digits : digits
  }
}
