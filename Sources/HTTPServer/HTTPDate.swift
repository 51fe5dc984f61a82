import Glibc

/// The `Date` field's format (RFC 9110, 5.6.7: IMF-fixdate).
enum HTTPDate {
  private static let days: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months: [StaticString] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `Sun, 06 Nov 1994 08:49:37 GMT`, from seconds since 1970.
  static func text(second: Int64) -> [UInt8] {
    var time = time_t(second)
    var parts = tm()
    gmtime_r(&time, &parts)
    var text: [UInt8] = []
    text.reserveCapacity(29)
    text.append(days[Int(parts.tm_wday)])
    text.append(", ")
    Digits.append(Int(parts.tm_mday), width: 2, to: &text)
    text.append(UInt8(ascii: " "))
    text.append(months[Int(parts.tm_mon)])
    text.append(UInt8(ascii: " "))
    Digits.append(Int(parts.tm_year) + 1900, width: 4, to: &text)
    text.append(UInt8(ascii: " "))
    Digits.append(Int(parts.tm_hour), width: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Digits.append(Int(parts.tm_min), width: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Digits.append(Int(parts.tm_sec), width: 2, to: &text)
    text.append(" GMT")
    return text
  }
}
