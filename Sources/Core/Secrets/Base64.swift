/// Base64 with padding (RFC 4648, section 4), for bytes inside JSON and in signatures.
package enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
    return values
  }()

  package static func encode(_ bytes: [UInt8]) -> String {
    let count = (bytes.count + 2) / 3 * 4
    return String(unsafeUninitializedCapacity: count) { buffer in
      var at = 0
      var from = 0
      while from < bytes.count {
        let left = min(3, bytes.count - from)
        let word = UInt32(bytes[from]) << 16 | (left > 1 ? UInt32(bytes[from + 1]) << 8 : 0) | (left > 2 ? UInt32(bytes[from + 2]) : 0)
        buffer[at] = alphabet[Int(word >> 18)]
        buffer[at + 1] = alphabet[Int(word >> 12 & 63)]
        buffer[at + 2] = left > 1 ? alphabet[Int(word >> 6 & 63)] : UInt8(ascii: "=")
        buffer[at + 3] = left > 2 ? alphabet[Int(word & 63)] : UInt8(ascii: "=")
        at += 4
        from += 3
      }
      return count
    }
  }

  /// `nil` unless the text is canonical: whole groups of four, padding only at the end.
  package static func decode(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count / 4 * 3)
    var word: UInt32 = 0
    var digits = 0
    var padding = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: "=") {
        padding += 1
        word <<= 6
      } else {
        let value = values[Int(byte)]
        guard value != 0xff, padding == 0 else { return nil }
        word = word << 6 | UInt32(value)
      }
      digits += 1
      guard digits == 4 else { continue }
      guard padding <= 2 else { return nil }
      bytes.append(UInt8(truncatingIfNeeded: word >> 16))
      if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: word >> 8)) }
      if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: word)) }
      word = 0
      digits = 0
    }
    return digits == 0 ? bytes : nil
  }
}
