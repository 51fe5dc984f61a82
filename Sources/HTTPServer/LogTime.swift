import Glibc

/// A moment, and the text of its second, which many lines share.
struct LogTime: Sendable {
  private(set) var milliseconds: Int64
  private var second: Int64
  /// `2026-11-21T00:23:28`
  private var secondText: [UInt8]

  static func now() -> LogTime {
    LogTime(milliseconds: wallMilliseconds())
  }

  static func wallMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  init(milliseconds: Int64) {
    self.milliseconds = milliseconds
    second = milliseconds / 1000
    secondText = Self.text(second: second)
  }

  mutating func move(to milliseconds: Int64) {
    self.milliseconds = milliseconds
    let second = milliseconds / 1000
    guard second != self.second else { return }
    self.second = second
    secondText = Self.text(second: second)
  }

  /// Appends `2026-11-21T00:23:28.123Z`.
  func append(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: secondText)
    let part = Int(milliseconds % 1000)
    bytes.append(UInt8(ascii: "."))
    Digits.append(part / 100, width: 1, to: &bytes)
    Digits.append(part % 100, width: 2, to: &bytes)
    bytes.append(UInt8(ascii: "Z"))
  }

  /// Appends the beginning of a log line, up to its message.
  func appendOpening(level: JSONLog.Level, message: String, to bytes: inout [UInt8]) {
    bytes.append(#"{"time":""#)
    append(to: &bytes)
    bytes.append(#"","level":""#)
    bytes.append(contentsOf: level.rawValue.utf8)
    bytes.append(#"","message":"#)
    JSONText.appendString(message, to: &bytes)
  }

  private static func text(second: Int64) -> [UInt8] {
    var time = time_t(second)
    var parts = tm()
    gmtime_r(&time, &parts)
    var text: [UInt8] = []
    text.reserveCapacity(19)
    Digits.append(Int(parts.tm_year) + 1900, width: 4, to: &text)
    text.append(UInt8(ascii: "-"))
    Digits.append(Int(parts.tm_mon) + 1, width: 2, to: &text)
    text.append(UInt8(ascii: "-"))
    Digits.append(Int(parts.tm_mday), width: 2, to: &text)
    text.append(UInt8(ascii: "T"))
    Digits.append(Int(parts.tm_hour), width: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Digits.append(Int(parts.tm_min), width: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Digits.append(Int(parts.tm_sec), width: 2, to: &text)
    return text
  }
}
