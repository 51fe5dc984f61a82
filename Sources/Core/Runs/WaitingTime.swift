import CEL
import JSON

/// How long a step waits: milliseconds as a number, or text such as `"2 days"`, `"10s"`, `"1h 30m"`.
package enum WaitingTime {
  /// Throws `validation_failed` with what was expected; longer than `Limits.runWaitMax` is refused too.
  package static func duration(_ value: JSONValue, of what: String) throws -> Duration {
    let milliseconds: Int64? =
      switch value {
      case .int(let number): number
      case .double(let number) where number.isFinite && abs(number) < 1e15: Int64(number.rounded(.up))
      case .string(let text): parse(text)
      default: nil
      }
    guard let milliseconds, milliseconds >= 0 else {
      let shown = (value.stringValue.map { "\"\($0)\"" } ?? value.text).prefix(60)
      throw RoostError(.validationFailed, "\(what) \(shown) is no duration: expected text such as \"2 days\", \"1h 30m\", \"10s\", \"250ms\", or milliseconds.")
    }
    guard milliseconds <= Limits.runWaitMax.milliseconds else {
      throw RoostError(.validationFailed, "\(what) is longer than \(Limits.runWaitMax.components.seconds / 86_400) days.")
    }
    return .milliseconds(milliseconds)
  }

  /// A moment: milliseconds since 1970, or RFC 3339 text. One that has passed is now.
  package static func moment(_ value: JSONValue, of what: String, at now: Timestamp) throws -> Timestamp {
    let milliseconds: Int64? =
      switch value {
      case .int(let number): number
      case .double(let number) where number.isFinite && abs(number) < 1e15: Int64(number.rounded(.up))
      case .string(let text): CELTimestamp(text: text).map { $0.seconds * 1000 + (Int64($0.nanoseconds) + 999_999) / 1_000_000 }
      default: nil
      }
    guard let milliseconds else {
      throw RoostError(.validationFailed, "\(what) is no moment: expected a date, RFC 3339 text such as \"2026-12-01T09:00:00Z\", or milliseconds since 1970.")
    }
    let most = now + Limits.runWaitMax
    guard milliseconds <= most.milliseconds else {
      throw RoostError(.validationFailed, "\(what) is further away than \(Limits.runWaitMax.components.seconds / 86_400) days.")
    }
    return max(now, Timestamp(milliseconds: milliseconds))
  }

  /// Whole or decimal numbers, each with its unit; blanks, commas and "and" between them say nothing.
  private static func parse(_ text: String) -> Int64? {
    guard text.utf8.count <= 100 else { return nil }
    var rest = Substring(text.lowercased())
    var sum = 0.0
    var count = 0
    while true {
      rest = rest.drop { $0 == " " || $0 == "," }
      if count > 0, rest.hasPrefix("and ") { rest = rest.dropFirst(4).drop { $0 == " " } }
      if rest.isEmpty { break }
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard let number = Double(digits), number.isFinite else { return nil }
      rest = rest.dropFirst(digits.count).drop { $0 == " " }
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      guard let size = units[String(unit)] else { return nil }
      rest = rest.dropFirst(unit.count)
      sum += number * size
      count += 1
    }
    guard count > 0, sum < 1e15 else { return nil }
    return Int64(sum.rounded(.up))
  }

  private static let units: [String: Double] = {
    var units: [String: Double] = [:]
    for (names, size) in [
      (["ms", "milli", "millis", "millisecond", "milliseconds"], 1.0), (["s", "sec", "secs", "second", "seconds"], 1000),
      (["m", "min", "mins", "minute", "minutes"], 60_000), (["h", "hr", "hrs", "hour", "hours"], 3_600_000), (["d", "day", "days"], 86_400_000),
      (["w", "week", "weeks"], 604_800_000),
    ] {
      for name in names { units[name] = size }
    }
    return units
  }()
}
