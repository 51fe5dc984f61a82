/// A moment, from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
package struct CELTimestamp: Sendable, Hashable, Comparable {
  /// Since 1970-01-01T00:00:00Z, rounded down.
  package let seconds: Int64
  /// 0 to 999,999,999.
  package let nanoseconds: Int32

  static let secondsMin: Int64 = -62_135_596_800
  static let secondsMax: Int64 = 253_402_300_799

  /// Nil outside the range. `nanoseconds` may be any number; what is past a second is carried.
  package init?(seconds: Int64, nanoseconds: Int64 = 0) {
    var (whole, overflow) = seconds.addingReportingOverflow(nanoseconds / 1_000_000_000)
    var part = nanoseconds % 1_000_000_000
    guard !overflow else { return nil }
    if part < 0 {
      part += 1_000_000_000
      whole &-= 1
    }
    guard whole >= Self.secondsMin, whole <= Self.secondsMax else { return nil }
    self.seconds = whole
    self.nanoseconds = Int32(part)
  }

  /// Nil outside the range.
  package init?(milliseconds: Int64) {
    self.init(seconds: milliseconds / 1000, nanoseconds: milliseconds % 1000 * 1_000_000)
  }

  /// Since 1970, rounded down.
  package var milliseconds: Int64 { seconds * 1000 + Int64(nanoseconds) / 1_000_000 }

  package static func < (left: CELTimestamp, right: CELTimestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  func adding(_ duration: CELDuration) -> CELTimestamp? {
    CELTimestamp(seconds: seconds + duration.seconds, nanoseconds: Int64(nanoseconds) + Int64(duration.nanoseconds))
  }

  func since(_ other: CELTimestamp) -> CELDuration? {
    CELDuration(seconds: seconds - other.seconds, nanoseconds: Int64(nanoseconds) - Int64(other.nanoseconds))
  }

  /// RFC 3339 in UTC with the decimal places that are needed: `2026-01-31T08:15:00.5Z`.
  package var text: String { wholeSeconds + CELDecimals.fraction(nanoseconds.magnitude) + "Z" }

  /// RFC 3339 in UTC with exactly three decimal places, as Roost writes times: `2026-01-31T08:15:00.500Z`.
  package var millisecondText: String {
    let digits = String(nanoseconds / 1_000_000)
    return "\(wholeSeconds).\(String(repeating: "0", count: 3 - digits.count))\(digits)Z"
  }

  private var wholeSeconds: String {
    let time = CELCivilTime(seconds: seconds)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let year = String(time.year)
    let date = "\(String(repeating: "0", count: max(0, 4 - year.count)))\(year)-\(two(time.month))-\(two(time.day))"
    return "\(date)T\(two(time.hour)):\(two(time.minute)):\(two(time.second))"
  }

  /// Reads RFC 3339: a date, a time with or without decimal places, and `Z` or an offset. Nil for anything else.
  package init?(text: String) {
    var text = text
    let parsed = text.withUTF8 { bytes in Self.parse(bytes) }
    guard let (seconds, nanoseconds) = parsed else { return nil }
    self.init(seconds: seconds, nanoseconds: nanoseconds)
  }

  private static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> (Int64, Int64)? {
    guard bytes.count >= 20, bytes.count <= 64 else { return nil }
    func number(_ start: Int, _ count: Int) -> Int? {
      guard start + count <= bytes.count else { return nil }
      var value = 0
      for byte in bytes[start..<start + count] {
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        value = value * 10 + Int(byte - UInt8(ascii: "0"))
      }
      return value
    }
    func lies(_ character: Unicode.Scalar, at position: Int) -> Bool { bytes[position] == UInt8(ascii: character) }
    guard let year = number(0, 4), lies("-", at: 4), let month = number(5, 2), lies("-", at: 7), let day = number(8, 2),
      lies("T", at: 10) || lies("t", at: 10), let hour = number(11, 2), lies(":", at: 13), let minute = number(14, 2),
      lies(":", at: 16), let second = number(17, 2), hour < 24, minute < 60, second < 60, year >= 1,
      (1...12).contains(month), day >= 1, day <= CELCivilTime.days(month: month, year: year)
    else { return nil }
    var position = 19
    var nanoseconds: Int64 = 0
    if lies(".", at: position) {
      position += 1
      var scale: Int64 = 100_000_000
      let start = position
      while position < bytes.count, bytes[position] >= UInt8(ascii: "0"), bytes[position] <= UInt8(ascii: "9") {
        nanoseconds += Int64(bytes[position] - UInt8(ascii: "0")) * scale
        scale /= 10
        position += 1
      }
      guard position > start, position - start <= 9, position < bytes.count else { return nil }
    }
    var offset = 0
    if lies("Z", at: position) || lies("z", at: position) {
      guard position + 1 == bytes.count else { return nil }
    } else {
      guard position + 6 == bytes.count, lies("+", at: position) || lies("-", at: position), let hours = number(position + 1, 2),
        lies(":", at: position + 3), let minutes = number(position + 4, 2), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 60 + minutes) * (lies("-", at: position) ? -60 : 60)
    }
    let days = CELCivilTime.daysSince1970(year: year, month: month, day: day)
    return (Int64(days * 86_400 + hour * 3600 + minute * 60 + second - offset), nanoseconds)
  }
}
