/// The formats that are asserted; each other is an annotation.
enum SchemaFormat: String, Sendable {
  case dateTime = "date-time"
  case date, time, duration, email, uuid, uri, ipv4, ipv6, regex

  /// Whether a text has the format. Takes time linear in the text.
  func accepts(_ text: String) -> Bool {
    text.withUTF8Bytes { bytes in
      switch self {
      case .dateTime: SchemaTimeFormat.isDateTime(bytes)
      case .date: SchemaTimeFormat.isDate(bytes)
      case .time: SchemaTimeFormat.isTime(bytes)
      case .duration: SchemaTimeFormat.isDuration(bytes)
      case .email: SchemaAddressFormat.isEmail(bytes[...])
      case .uuid: SchemaFormat.isUUID(bytes)
      case .uri: SchemaURIFormat.isURI(bytes[...])
      case .ipv4: SchemaAddressFormat.isIPv4(bytes[...])
      case .ipv6: SchemaAddressFormat.isIPv6(bytes[...])
      case .regex: (try? SchemaPatternSyntax(text)) != nil
      }
    }
  }

  var description: String {
    switch self {
    case .dateTime: "a date and time like \"2026-01-31T09:30:00Z\" (RFC 3339)"
    case .date: "a date like \"2026-01-31\" (RFC 3339)"
    case .time: "a time like \"09:30:00Z\" (RFC 3339)"
    case .duration: "a duration like \"P1DT12H\" (RFC 3339 appendix A)"
    case .email: "an email address (RFC 5321)"
    case .uuid: "a UUID (RFC 9562)"
    case .uri: "an absolute URI (RFC 3986)"
    case .ipv4: "an IPv4 address"
    case .ipv6: "an IPv6 address"
    case .regex: "a regular expression (ECMA-262)"
    }
  }

  /// RFC 9562 section 4: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
  private static func isUUID(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard bytes.count == 36 else { return false }
    return bytes.enumerated().allSatisfy { index, byte in
      switch index {
      case 8, 13, 18, 23: byte == UInt8(ascii: "-")
      default: byte.isHexadecimalDigit
      }
    }
  }
}

extension UInt8 {
  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
  var isLetter: Bool { self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z") }
  var isHexadecimalDigit: Bool { isDigit || self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "f") }
}
