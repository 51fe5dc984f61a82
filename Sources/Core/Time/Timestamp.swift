/// A moment, in milliseconds since 1970 (UTC). Written as RFC 3339 with milliseconds and `Z`.
package struct Timestamp: Sendable, Hashable, Comparable {
  package let milliseconds: Int64

  package init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

  package static func + (left: Timestamp, right: Duration) -> Timestamp {
    Timestamp(milliseconds: left.milliseconds + right.milliseconds)
  }

  package static func - (left: Timestamp, right: Timestamp) -> Duration {
    .milliseconds(left.milliseconds - right.milliseconds)
  }

  /// Whole seconds since 1970, as JWTs carry them (RFC 7519 NumericDate).
  package var seconds: Int64 { milliseconds / 1000 }

  /// `2026-11-21T00:16:24.123Z`
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24)
    append(to: &bytes)
    return bytes
  }

  /// Appends the 24 bytes of the RFC 3339 form. Two for each document of an answer: written in place, not byte by byte.
  package func append(to bytes: inout [UInt8]) {
    let (day, inDay) = milliseconds.quotientAndRemainder(flooring: 86_400_000)
    let (year, month, dayOfMonth) = Self.civil(fromDays: day)
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { text in
      Self.write(year, digits: 4, at: 0, in: text)
      text[4] = UInt8(ascii: "-")
      Self.write(month, digits: 2, at: 5, in: text)
      text[7] = UInt8(ascii: "-")
      Self.write(dayOfMonth, digits: 2, at: 8, in: text)
      text[10] = UInt8(ascii: "T")
      Self.write(inDay / 3_600_000, digits: 2, at: 11, in: text)
      text[13] = UInt8(ascii: ":")
      Self.write(inDay / 60_000 % 60, digits: 2, at: 14, in: text)
      text[16] = UInt8(ascii: ":")
      Self.write(inDay / 1000 % 60, digits: 2, at: 17, in: text)
      text[19] = UInt8(ascii: ".")
      Self.write(inDay % 1000, digits: 3, at: 20, in: text)
      text[23] = UInt8(ascii: "Z")
      bytes.append(contentsOf: text)
    }
  }

  private static func write(_ number: Int64, digits: Int, at start: Int, in text: UnsafeMutableBufferPointer<UInt8>) {
    var rest = number
    for place in stride(from: start + digits - 1, through: start, by: -1) {
      text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }

  /// Days since 1970 to a date of the proleptic Gregorian calendar, by counting eras of 400 years from 1 March.
  private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = (days + 719_468).quotientAndRemainder(flooring: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }
}

extension Int64 {
  fileprivate func quotientAndRemainder(flooring divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

extension Duration {
  /// Whole milliseconds, rounded down.
  package var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
