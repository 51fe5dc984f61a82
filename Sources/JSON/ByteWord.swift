/// Eight bytes of text looked at as one word: most strings have nothing special in most of their words.
/// Because each mask is exact up to its lowest set bit, only that bit may be used.
enum ByteWord {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let tops: UInt64 = 0x8080_8080_8080_8080

  /// The eight bytes at `pointer`, the first one lowest.
  @inline(__always)
  static func load(_ pointer: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(pointer).loadUnaligned(as: UInt64.self))
  }

  /// The four bytes at `pointer`, the first one lowest.
  @inline(__always)
  static func loadHalf(_ pointer: UnsafePointer<UInt8>) -> UInt32 {
    UInt32(littleEndian: UnsafeRawPointer(pointer).loadUnaligned(as: UInt32.self))
  }

  /// Top bits of the bytes that end a plain run within a string: quote, backslash, control characters, beyond ASCII.
  @inline(__always)
  static func specialInString(_ word: UInt64) -> UInt64 {
    let control = (word &- ones &* 0x20) & ~word
    return (quoteOrBackslashUnmasked(word) | control | word) & tops
  }

  /// Top bits of the bytes that a writer has to escape: quote, backslash, control characters.
  @inline(__always)
  static func escapedInString(_ word: UInt64) -> UInt64 {
    let control = (word &- ones &* 0x20) & ~word
    return (quoteOrBackslashUnmasked(word) | control) & tops
  }

  /// Top bits of quotes and backslashes.
  @inline(__always)
  static func quoteOrBackslash(_ word: UInt64) -> UInt64 { quoteOrBackslashUnmasked(word) & tops }

  /// The index of the first byte in a mask that is not 0.
  @inline(__always)
  static func firstIndex(_ mask: UInt64) -> Int { mask.trailingZeroBitCount >> 3 }

  @inline(__always)
  private static func quoteOrBackslashUnmasked(_ word: UInt64) -> UInt64 {
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5C)
    return ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
  }
}
