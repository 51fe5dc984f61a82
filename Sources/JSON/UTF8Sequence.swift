/// Well-formed UTF-8 beyond ASCII, as RFC 3629 section 4 draws it (https://www.rfc-editor.org/rfc/rfc3629#section-4):
///
///     UTF8-2 = C2-DF tail
///     UTF8-3 = E0 A0-BF tail | E1-EC 2(tail) | ED 80-9F tail | EE-EF 2(tail)
///     UTF8-4 = F0 90-BF 2(tail) | F1-F3 3(tail) | F4 80-8F 2(tail)
enum UTF8Sequence {
  /// The length of the well-formed sequence of two to four bytes at `offset`, or 0 where there is none.
  static func length(at offset: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
    let left = text.count - offset
    guard left >= 2 else { return 0 }
    let first = text[offset]
    let second = text[offset + 1]
    switch first {
    case 0xC2...0xDF:
      return isTail(second) ? 2 : 0
    case 0xE0...0xEF:
      guard left >= 3, isTail(second), isTail(text[offset + 2]) else { return 0 }
      if first == 0xE0 && second < 0xA0 { return 0 }  // overlong
      if first == 0xED && second > 0x9F { return 0 }  // surrogates
      return 3
    case 0xF0...0xF4:
      guard left >= 4, isTail(second), isTail(text[offset + 2]), isTail(text[offset + 3]) else { return 0 }
      if first == 0xF0 && second < 0x90 { return 0 }  // overlong
      if first == 0xF4 && second > 0x8F { return 0 }  // beyond U+10FFFF
      return 4
    default:
      return 0
    }
  }

  @inline(__always)
  private static func isTail(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
