import CEL

/// The fields of a cron expression together: which seconds of the calendar, by a clock that nobody moves, it names.
struct CronFields: Sendable {
  private let second: CronField
  private let minute: CronField
  private let hour: CronField
  private let dayOfMonth: CronField
  private let month: CronField
  private let dayOfWeek: CronField
  /// A time of the day is stated, rather than "every hour" or "every minute": cron(8) treats the two differently when clocks change.
  let isFixed: Bool

  /// Five fields, or six with the second first.
  init(_ text: String) throws(CronError) {
    var parts = text.split(separator: " ", omittingEmptySubsequences: true)
    if parts.count == 5 { parts.insert("0", at: 0) }
    guard parts.count == 6 else {
      throw CronError(
        "'\(text.prefix(60))' has \(parts.count) fields; expected minute, hour, day of the month, month and day of the week, perhaps with the second before them"
      )
    }
    second = try CronField(parts[0], .second)
    minute = try CronField(parts[1], .minute)
    hour = try CronField(parts[2], .hour)
    dayOfMonth = try CronField(parts[3], .dayOfMonth)
    month = try CronField(parts[4], .month)
    dayOfWeek = try CronField(parts[5], .dayOfWeek)
    isFixed = !minute.hasStar && !hour.hasStar
  }

  /// The first second named at or after `start` and before `end`, both in seconds since 1970 as the clock on the wall counts them.
  func next(from start: Int64, before end: Int64) -> Int64? {
    var from = CELCivilTime(seconds: start)
    var inDay = from.hour * 3600 + from.minute * 60 + from.second
    var day = Int64(CELCivilTime.daysSince1970(year: from.year, month: from.month, day: from.day))
    while day * 86_400 < end {
      if !month.contains(from.month) {
        day += Int64(CELCivilTime.days(month: from.month, year: from.year) - from.day + 1)
      } else if matches(from), let found = time(from: inDay) {
        let moment = day * 86_400 + Int64(found)
        return moment < end ? moment : nil
      } else {
        day += 1
      }
      inDay = 0
      from = CELCivilTime(seconds: day * 86_400)
    }
    return nil
  }

  /// crontab(5): "If both fields are restricted (i.e., do not contain the "*" character), the command will be run when either field matches".
  private func matches(_ day: CELCivilTime) -> Bool {
    let isDate = dayOfMonth.contains(day.day) || dayOfMonth.hasLastDay && day.day == CELCivilTime.days(month: day.month, year: day.year)
    let isWeekday = dayOfWeek.contains(day.weekday) || dayOfWeek.weekdaysOfMonth.contains { matches($0, day) }
    return dayOfMonth.hasStar || dayOfWeek.hasStar ? isDate && isWeekday : isDate || isWeekday
  }

  private func matches(_ wanted: CronField.WeekdayOfMonth, _ day: CELCivilTime) -> Bool {
    guard wanted.weekday == day.weekday else { return false }
    guard let week = wanted.week else { return day.day + 7 > CELCivilTime.days(month: day.month, year: day.year) }
    return (day.day - 1) / 7 + 1 == week
  }

  /// The first named second of a day that is not before `start`.
  private func time(from start: Int) -> Int? {
    let (startHour, startMinute, startSecond) = (start / 3600, start / 60 % 60, start % 60)
    guard let hour = hour.next(from: startHour) else { return nil }
    if hour == startHour {
      if let minute = minute.next(from: startMinute) {
        if minute > startMinute { return hour * 3600 + minute * 60 + second.first }
        if let second = second.next(from: startSecond) { return hour * 3600 + minute * 60 + second }
        if let later = self.minute.next(from: minute + 1) { return hour * 3600 + later * 60 + second.first }
      }
      guard let later = self.hour.next(from: hour + 1) else { return nil }
      return later * 3600 + minute.first * 60 + second.first
    }
    return hour * 3600 + minute.first * 60 + second.first
  }
}
