/// JSON string literals for log lines and problem documents.
enum JSONText {
  /// Appends `text` as a JSON string with its quotes, at most `bytesMax` bytes of it.
  static func appendString(_ text: String, to bytes: inout [UInt8], bytesMax: Int = 4096) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { utf8 in
      if utf8.count <= bytesMax, !utf8.contains(where: needsEscape) {
        bytes.append(contentsOf: utf8)
      } else {
        appendEscaped(utf8, to: &bytes, bytesMax: bytesMax)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
  }

  private static func appendEscaped(_ utf8: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8], bytesMax: Int) {
    var left = bytesMax
    for byte in utf8 {
      // A cut never falls inside a character: continuation bytes are let through.
      if left <= 0, byte & 0xC0 != 0x80 { break }
      left -= 1
      appendEscaped(byte, to: &bytes)
    }
  }

  private static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    case 0x0A:
      bytes.append(#"\n"#)
    case 0..<0x20, 0x7F:
      bytes.append(#"\u00"#)
      bytes.append(hexDigit(byte >> 4))
      bytes.append(hexDigit(byte & 0xF))
    default:
      bytes.append(byte)
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
