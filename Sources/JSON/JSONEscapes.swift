import Glibc

/// The escapes of a JSON string, RFC 8259 section 7 (https://www.rfc-editor.org/rfc/rfc8259#section-7).
enum JSONEscapes {
  /// Writes the unescaped bytes of `raw` (what stands between the quotes) to `out`, which has room for `raw.count` bytes.
  /// `raw` was validated; should it not have been, a broken escape is copied as it stands, and nothing is read beyond the end.
  /// - Returns: the number of bytes written, at most `raw.count`: every escape is longer than what it stands for.
  static func unescape(_ raw: UnsafeBufferPointer<UInt8>, into out: UnsafeMutablePointer<UInt8>) -> Int {
    guard let base = raw.baseAddress else { return 0 }
    var read = 0
    var written = 0
    while read < raw.count {
      if base[read] != UInt8(ascii: "\\") {
        // What lies before the next backslash is copied at once.
        let backslash = memchr(base + read, Int32(UInt8(ascii: "\\")), raw.count - read)
        let plain = backslash.map { base.distance(to: $0.assumingMemoryBound(to: UInt8.self)) - read } ?? raw.count - read
        memcpy(out + written, base + read, plain)
        read += plain
        written += plain
        continue
      }
      read += unescapeOne(at: read, of: raw, into: out, &written)
    }
    return written
  }

  /// Writes what the backslash at `offset` and what follows stand for.
  /// - Returns: the number of bytes read.
  private static func unescapeOne(
    at offset: Int, of raw: UnsafeBufferPointer<UInt8>, into out: UnsafeMutablePointer<UInt8>, _ written: inout Int
  ) -> Int {
    if offset + 1 < raw.count {
      let plain = simple(raw[offset + 1])
      if plain != 0 {
        out[written] = plain
        written += 1
        return 2
      }
      if let (scalar, length) = unicodeEscape(at: offset, in: raw) {
        written += encode(scalar, to: out + written)
        return length
      }
    }
    out[written] = raw[offset]
    written += 1
    return 1
  }

  /// The string that `raw`, the validated text between two quotes, stands for.
  static func string(_ raw: UnsafeBufferPointer<UInt8>) -> String {
    String(unsafeUninitializedCapacity: raw.count) { buffer in
      guard let out = buffer.baseAddress else { return 0 }
      return unescape(raw, into: out)
    }
  }

  /// The byte that `\` and `letter` stand for, or 0 where they are no such escape.
  @inline(__always)
  static func simple(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: 0
    }
  }

  /// The number that four hexadecimal digits at `offset` write, or nil where there are not four.
  static func hexQuad(at offset: Int, in text: UnsafeBufferPointer<UInt8>) -> UInt32? {
    guard offset + 4 <= text.count else { return nil }
    var value: UInt32 = 0
    for index in offset..<offset + 4 {
      let byte = text[index]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  /// The scalar that the `\u` escape, or pair of them, at `offset` stands for, and its length in the text.
  private static func unicodeEscape(at offset: Int, in raw: UnsafeBufferPointer<UInt8>) -> (UInt32, Int)? {
    guard raw[offset + 1] == UInt8(ascii: "u"), let unit = hexQuad(at: offset + 2, in: raw) else { return nil }
    switch unit {
    case 0xD800...0xDBFF:
      guard offset + 12 <= raw.count, raw[offset + 6] == UInt8(ascii: "\\"), raw[offset + 7] == UInt8(ascii: "u"),
        let low = hexQuad(at: offset + 8, in: raw), (0xDC00...0xDFFF).contains(low)
      else { return nil }
      return (0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), 12)
    case 0xDC00...0xDFFF: return nil
    default: return (unit, 6)
    }
  }

  private static func encode(_ scalar: UInt32, to out: UnsafeMutablePointer<UInt8>) -> Int {
    func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift & 0x3F | 0x80) }
    switch scalar {
    case 0..<0x80:
      out[0] = UInt8(truncatingIfNeeded: scalar)
      return 1
    case 0x80..<0x800:
      out[0] = UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
      out[1] = tail(0)
      return 2
    case 0x800..<0x10000:
      out[0] = UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12)
      out[1] = tail(6)
      out[2] = tail(0)
      return 3
    default:
      out[0] = UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)
      out[1] = tail(12)
      out[2] = tail(6)
      out[3] = tail(0)
      return 4
    }
  }
}
