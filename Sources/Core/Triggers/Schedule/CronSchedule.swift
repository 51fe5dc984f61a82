import CEL

/// When something is due: a cron expression in a time zone.
///
/// Five fields (minute, hour, day of the month, month, day of the week) or six with the second first; `*`, lists, ranges, steps; names of months
/// and weekdays; `?` for a day that is not asked about; `L` for the last day of a month, `FRIL` for its last Friday, `MON#1` for its first Monday.
/// Where both days are given and neither has a `*`, one of them is enough, as in crontab(5). Besides `@hourly`, `@daily` (`@midnight`), `@weekly`,
/// `@monthly`, `@yearly` (`@annually`), and `@every 5m`, which counts from 1970 on, so that it needs no memory: on the full five minutes.
///
/// When clocks change it does what cron(8) does: a stated time that is skipped comes once, right after the gap, one that is repeated
/// comes once; what says "every hour" or "every minute" goes by real time.
package struct CronSchedule: Sendable {
  private enum Form: Sendable {
    case fields(CronFields)
    /// Seconds.
    case every(Int64)
  }

  /// As it was written.
  package let text: String
  package let timeZone: String
  private let form: Form
  private let zone: CELTimeZone

  private static let textBytesMax = 256
  /// The longest time between two runs: on a 29 February of one weekday, over a year 2100. Then the calendar begins anew.
  private static let yearsMax: Int64 = 40
  private static let everyMax = Duration.seconds(366 * 86_400)

  /// Throws also for what would never come, such as 30 February.
  package init(_ text: String, timeZone: String = "UTC") throws(CronError) {
    guard text.utf8.count <= Self.textBytesMax else { throw CronError("the expression is longer than \(Self.textBytesMax) bytes") }
    guard let zone = CELTimeZone(timeZone) else {
      throw CronError("there is no time zone '\(timeZone.prefix(64))'; expected a name like \"Europe/Berlin\" or \"UTC\"")
    }
    self.text = text
    self.timeZone = timeZone
    self.zone = zone
    form = try Self.form(text)
    guard next(after: Timestamp(milliseconds: 0)) != nil else { throw CronError("'\(text)' never comes: no month has such a day") }
  }

  package static func isTimeZone(_ name: String) -> Bool { CELTimeZone(name) != nil }

  /// Names in the folder of time zones that are none of the IANA database's: links to the machine's own, copies, and clocks that count leap seconds.
  package static func dependsOnMachine(_ name: String) -> Bool {
    ["localtime", "posixrules", "Factory"].contains(name) || name.hasPrefix("posix/") || name.hasPrefix("right/")
  }

  private static func form(_ text: String) throws(CronError) -> Form {
    guard text.hasPrefix("@") else { return .fields(try CronFields(text)) }
    let words = text.split(separator: " ", omittingEmptySubsequences: true)
    switch (words[0], words.count) {
    case ("@hourly", 1): return .fields(try CronFields("0 * * * *"))
    case ("@daily", 1), ("@midnight", 1): return .fields(try CronFields("0 0 * * *"))
    case ("@weekly", 1): return .fields(try CronFields("0 0 * * 0"))
    case ("@monthly", 1): return .fields(try CronFields("0 0 1 * *"))
    case ("@yearly", 1), ("@annually", 1): return .fields(try CronFields("0 0 1 1 *"))
    case ("@every", 2):
      guard let time = Duration(configured: String(words[1])), time >= .seconds(1), time <= everyMax, time.milliseconds % 1000 == 0 else {
        throw CronError("'\(text.prefix(60))' names no time of whole seconds like \"@every 5m\", at most 366 days")
      }
      return .every(time.milliseconds / 1000)
    default:
      throw CronError("there is no '\(text.prefix(60))'; expected @hourly, @daily, @weekly, @monthly, @yearly or @every with a time")
    }
  }

  /// The first due time after `moment`.
  package func next(after moment: Timestamp) -> Timestamp? {
    // Whole seconds, rounded down: a moment within a second is past that second.
    let (quotient, remainder) = moment.milliseconds.quotientAndRemainder(dividingBy: 1000)
    let seconds = remainder < 0 ? quotient - 1 : quotient
    switch form {
    case .every(let every): return Timestamp(milliseconds: (Self.floor(seconds, every) + 1) * every * 1000)
    case .fields(let fields): return next(fields, after: seconds).map { Timestamp(milliseconds: $0 * 1000) }
    }
  }

  /// The last due time after `start` and not after `end`; nil if there is none.
  package func last(after start: Timestamp, through end: Timestamp) -> Timestamp? {
    guard let first = next(after: start), first <= end else { return nil }
    // From near the end, further back until there is one: no walk over all that was missed.
    for back in [Duration.seconds(60), .seconds(3600), .seconds(86_400), .seconds(32 * 86_400), .seconds(400 * 86_400)] {
      let near = end + (.zero - back)
      guard near > start, let found = next(after: near), found <= end else { continue }
      return last(from: found, through: end)
    }
    return last(from: first, through: end)
  }

  private func last(from due: Timestamp, through end: Timestamp) -> Timestamp {
    var last = due
    while let later = next(after: last), later <= end { last = later }
    return last
  }

  private func next(_ fields: CronFields, after seconds: Int64) -> Int64? {
    let horizon = seconds + Self.yearsMax * 366 * 86_400
    var period = zone.period(at: seconds)
    var wall = seconds + 1 + Int64(period.offset)
    // What the clock shows for the second time has come already.
    if fields.isFixed, let from = period.from { wall = max(wall, from + Int64(zone.offset(at: from - 1))) }
    while true {
      let offset = Int64(period.offset)
      if let found = fields.next(from: wall, before: min(period.until ?? horizon, horizon) + offset) {
        // What the clock skips is due when it goes on.
        return max(found - offset, period.from ?? found - offset)
      }
      guard let until = period.until, until < horizon else { return nil }
      period = zone.period(at: until)
      wall = until + (fields.isFixed ? offset : Int64(period.offset))
    }
  }

  private static func floor(_ number: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
