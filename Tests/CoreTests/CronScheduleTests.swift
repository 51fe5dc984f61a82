import CEL
import TestKit
import Testing

@testable import Core

@Suite("Cron expressions: when something is due")
struct CronScheduleTests {
  /// The next due times after a moment, as the tests write them.
  private func next(_ cron: String, _ zone: String = "UTC", after start: String, count: Int = 1) throws -> [String] {
    let schedule = try CronSchedule(cron, timeZone: zone)
    var moment = try #require(Timestamp(text: start))
    return try (0..<count).map { _ in
      moment = try #require(schedule.next(after: moment))
      return moment.text.replacing(".000Z", with: "Z")
    }
  }

  @Test(
    "Fields, names, ranges, steps and lists",
    arguments: [
      ("0 3 * * *", ["2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z"]),
      ("*/20 * * * *", ["2026-11-21T10:20:00Z", "2026-11-21T10:40:00Z", "2026-11-21T11:00:00Z"]),
      ("5/25 10 * * *", ["2026-11-21T10:05:00Z", "2026-11-21T10:30:00Z", "2026-11-21T10:55:00Z", "2026-11-22T10:05:00Z"]),
      ("*/15 * * * * *", ["2026-11-21T10:00:15Z", "2026-11-21T10:00:30Z", "2026-11-21T10:00:45Z", "2026-11-21T10:01:00Z"]),
      ("30 0 0 1 jan *", ["2027-01-01T00:00:30Z", "2028-01-01T00:00:30Z"]),
      ("0 9-17/4 * * MON-FRI", ["2026-11-23T09:00:00Z", "2026-11-23T13:00:00Z", "2026-11-23T17:00:00Z", "2026-11-24T09:00:00Z"]),
      ("0 0 * * 7", ["2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"]),
      ("0 0 * * FRI-SUN", ["2026-11-22T00:00:00Z", "2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z"]),
      ("0 0 L * ?", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z", "2027-01-31T00:00:00Z", "2027-02-28T00:00:00Z"]),
      ("0 0 ? * MON#1", ["2026-12-07T00:00:00Z", "2027-01-04T00:00:00Z"]),
      ("0 0 ? * FRIL", ["2026-11-27T00:00:00Z", "2026-12-25T00:00:00Z"]),
      ("0 0 29 2 *", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
      ("0 0 30 2 MON", ["2027-02-01T00:00:00Z", "2027-02-08T00:00:00Z"]),
      ("@hourly", ["2026-11-21T11:00:00Z"]), ("@daily", ["2026-11-22T00:00:00Z"]), ("@weekly", ["2026-11-22T00:00:00Z"]),
      ("@monthly", ["2026-12-01T00:00:00Z"]), ("@yearly", ["2027-01-01T00:00:00Z"]),
      ("@every 90s", ["2026-11-21T10:01:30Z", "2026-11-21T10:03:00Z"]), ("@every 24h", ["2026-11-22T00:00:00Z"]),
    ] as [(String, [String])])
  func fields(cron: String, expected: [String]) throws {
    #expect(try next(cron, after: "2026-11-21T10:00:00.000Z", count: expected.count) == expected)
  }

  @Test("A date and a weekday: one of them is enough, unless one has a star")
  func dateOrWeekday() throws {
    #expect(try next("0 0 13 * FRI", after: "2026-11-01T00:00:00.000Z", count: 3) == ["2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"])
    // crontab(5): every other day of the month, if it is a Monday.
    #expect(try next("0 0 */2 * MON", after: "2026-11-01T00:00:00.000Z", count: 2) == ["2026-11-09T00:00:00Z", "2026-11-23T00:00:00Z"])
  }

  @Test("A moment within a second is past that second, and what is due is not due again")
  func strictlyAfter() throws {
    #expect(try next("0 10 * * *", after: "2026-11-21T09:59:59.999Z") == ["2026-11-21T10:00:00Z"])
    #expect(try next("0 10 * * *", after: "2026-11-21T10:00:00.000Z") == ["2026-11-22T10:00:00Z"])
    #expect(try next("0 10 * * *", after: "2026-11-21T10:00:00.001Z") == ["2026-11-22T10:00:00Z"])
  }

  // Berlin: 2027-03-28 02:00 CET (01:00Z) becomes 03:00 CEST; 2027-10-31 03:00 CEST (01:00Z) becomes 02:00 CET.
  @Test(
    "When clocks go forward, a stated time that is skipped comes once, right after the gap; what is hourly goes by real time",
    arguments: [
      ("30 2 * * *", ["2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]),
      ("15,45 2 * * *", ["2027-03-27T01:15:00Z", "2027-03-27T01:45:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:15:00Z"]),
      ("0 3 * * *", ["2027-03-27T02:00:00Z", "2027-03-28T01:00:00Z", "2027-03-29T01:00:00Z"]),
      ("0 2,3 28 3 *", ["2027-03-28T01:00:00Z", "2028-03-28T00:00:00Z"]),
      ("0 4 * * *", ["2027-03-27T03:00:00Z", "2027-03-28T02:00:00Z"]),
    ] as [(String, [String])])
  func forward(cron: String, expected: [String]) throws {
    #expect(try next(cron, "Europe/Berlin", after: "2027-03-27T00:50:00.000Z", count: expected.count) == expected)
  }

  @Test("What has a star in its minute or hour goes by real time through the gap")
  func forwardByRealTime() throws {
    #expect(
      try next("*/30 * * * *", "Europe/Berlin", after: "2027-03-28T00:00:00.000Z", count: 4) == [
        "2027-03-28T00:30:00Z", "2027-03-28T01:00:00Z", "2027-03-28T01:30:00Z", "2027-03-28T02:00:00Z",
      ])
    // Every minute of an hour that is not there: not at all that day.
    #expect(try next("* 2 * * *", "Europe/Berlin", after: "2027-03-28T00:00:00.000Z") == ["2027-03-29T00:00:00Z"])
  }

  @Test(
    "When clocks go back, a stated time comes once, the first time; what is hourly comes twice",
    arguments: [
      ("30 2 * * *", ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]),
      ("0 2 * * *", ["2027-10-31T00:00:00Z", "2027-11-01T01:00:00Z"]),
      ("0 3 * * *", ["2027-10-31T02:00:00Z", "2027-11-01T02:00:00Z"]),
      ("30 * * * *", ["2027-10-30T23:30:00Z", "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z", "2027-10-31T02:30:00Z"]),
      ("*/30 2 * * *", ["2027-10-31T00:00:00Z", "2027-10-31T00:30:00Z", "2027-10-31T01:00:00Z", "2027-10-31T01:30:00Z", "2027-11-01T01:00:00Z"]),
    ] as [(String, [String])])
  func back(cron: String, expected: [String]) throws {
    #expect(try next(cron, "Europe/Berlin", after: "2027-10-30T23:00:00.000Z", count: expected.count) == expected)
  }

  @Test("A start between the two passes of an hour does not run its stated time again")
  func startInTheSecondPass() throws {
    #expect(try next("45 2 * * *", "Europe/Berlin", after: "2027-10-31T01:10:00.000Z") == ["2027-11-01T01:45:00Z"])
    #expect(try next("45 * * * *", "Europe/Berlin", after: "2027-10-31T01:10:00.000Z") == ["2027-10-31T01:45:00Z"])
  }

  @Test("Zones with other changes: half an hour, a whole day, before 1970 and long after the last entry of their file")
  func otherZones() throws {
    // Lord Howe Island goes back by half an hour: 2027-04-04 02:00 (+11) is 01:30 (+10:30), at 15:00Z.
    #expect(try next("45 1 * * *", "Australia/Lord_Howe", after: "2027-04-03T14:00:00.000Z", count: 2) == ["2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z"])
    // Samoa left out 30 December 2011 altogether: it went on with the 31st, at 10:00Z.
    #expect(try next("0 12 * * *", "Pacific/Apia", after: "2011-12-29T23:00:00.000Z", count: 2) == ["2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"])
    #expect(try next("0 12 1 7 *", "Europe/Berlin", after: "2090-01-01T00:00:00.000Z") == ["2090-07-01T10:00:00Z"])
    #expect(try next("0 12 * * *", "America/New_York", after: "1969-07-20T20:00:00.000Z") == ["1969-07-21T16:00:00Z"])
    #expect(try next("0 12 * * *", "+05:30", after: "2026-01-01T00:00:00.000Z") == ["2026-01-01T06:30:00Z"])
  }

  @Test(
    "What is wrong is named",
    arguments: [
      ("0 0 30 2 *", "never comes"), ("0 0 31 4,6 ?", "never comes"), ("* * * *", "4 fields"), ("* * * * * * *", "7 fields"), ("", "0 fields"),
      ("60 * * * *", "minute '60' is not within 0 to 59"), ("* 24 * * *", "hour '24'"), ("0 0 0 * *", "day of the month '0'"),
      ("0 0 * 13 *", "month '13' is not within 1 to 12 or JAN to DEC"), ("0 0 * * 8", "day of the week '8'"), ("0 0 * FOO *", "month 'FOO'"),
      ("5-1 * * * *", "runs backwards"), ("*/0 * * * *", "step"), ("*/x * * * *", "step"), ("1,,2 * * * *", "is empty"), ("-1 * * * *", "minute '-1'"),
      ("? * * * *", "minute '?'"), ("0 0 ? * MON#6", "counts no week"), ("@reboot", "there is no '@reboot'"), ("@every 0s", "names no time"),
      ("@every 1500ms", "names no time"), ("@every", "there is no"), ("@", "there is no"), ("99999999999999999999 * * * *", "minute"), ("١ * * * *", "minute"),
    ] as [(String, String)])
  func mistakes(cron: String, part: String) {
    let error = #expect(throws: CronError.self) { try CronSchedule(cron) }
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
  }

  @Test("Names that are no zone are refused", arguments: ["Europe/Nowhere", "", "../etc/passwd", "/etc/localtime", "Europe/Berlin\0", "posixrules/../UTC"])
  func zones(zone: String) {
    #expect(throws: CronError.self) { try CronSchedule("@daily", timeZone: zone) }
  }

  @Test(
    "Of many that were missed, the last one is found without a walk over all",
    arguments: [
      ("* * * * * *", "2026-11-21T10:00:00Z"), ("@hourly", "2026-11-21T10:00:00Z"), ("0 3 * * *", "2026-11-21T03:00:00Z"),
      ("0 0 1 1 *", "2026-01-01T00:00:00Z"),
      ("0 0 29 2 *", "2024-02-29T00:00:00Z"), ("30 9 21 11 *", "2026-11-21T09:30:00Z"),
    ] as [(String, String)])
  func lastMissed(cron: String, expected: String) throws {
    let schedule = try CronSchedule(cron)
    let (start, end) = (Timestamp(milliseconds: 0), try #require(Timestamp(text: "2026-11-21T10:00:00.000Z")))
    #expect(schedule.last(after: start, through: end)?.text.replacing(".000Z", with: "Z") == expected)
    #expect(schedule.last(after: end, through: end) == nil)
  }

  @Test(
    "Every due time after a moment is found, also one that only a walk over all seconds finds",
    arguments: ["Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca"])
  func agreesWithAWalk(zone: String) throws {
    var chance = SeededRandom(seed: UInt64.random(in: 0...(.max)))
    let seed = chance.seed
    for _ in 0..<40 {
      let minute = Int.random(in: 0..<60, using: &chance)
      let cron =
        [
          "\(minute) * * * *", "*/\(Int.random(in: 1...59, using: &chance)) \(Int.random(in: 0..<5, using: &chance)) * * *",
          "\(minute) */\(Int.random(in: 1...5, using: &chance)) * * *",
        ].randomElement(using: &chance) ?? "* * * * *"
      let schedule = try CronSchedule(cron, timeZone: zone)
      // The two ends of summer time of 2027, give or take a day; each star makes it a matter of what the clock shows.
      var moment = Timestamp(milliseconds: [1_805_900_000_000, 1_806_700_000_000, 1_825_000_000_000].randomElement(using: &chance) ?? 0)
      let end = moment + .seconds(2 * 86_400)
      var walked: [Timestamp] = []
      for second in stride(from: moment.seconds + 1, through: end.seconds, by: 1) where try shows(cron, second, zone) {
        walked.append(Timestamp(milliseconds: second * 1000))
      }
      var found: [Timestamp] = []
      while let next = schedule.next(after: moment), next <= end {
        found.append(next)
        moment = next
      }
      #expect(found == walked, "\(cron) in \(zone), seed \(seed)")
    }
  }

  /// Whether the clock of a zone shows, at a second, what the fields say.
  private func shows(_ cron: String, _ second: Int64, _ zone: String) throws -> Bool {
    guard second % 60 == 0 else { return false }
    let wall = second + Int64(try #require(CELTimeZone(zone)).offset(at: second))
    return try CronFields(cron).next(from: wall, before: wall + 1) == wall
  }
}
