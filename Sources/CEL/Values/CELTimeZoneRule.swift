/// The rule at the end of a time zone's file: `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX's TZ, with the hours of RFC 8536).
struct CELTimeZoneRule: Sendable {
  private let standard: Int
  private let summer: (seconds: Int, from: Day, until: Day)?

  /// A day of any year, and the second of that day by the clock before the change.
  private struct Day: Sendable {
    enum Form: Sendable {
      /// The n-th weekday of a month; the fifth is the last one.
      case weekday(month: Int, week: Int, day: Int)
      /// From 1, never counting 29 February.
      case julian(Int)
      /// From 0.
      case ofYear(Int)
    }
    let form: Form
    let seconds: Int
  }

  init?(_ text: String) {
    var rest = text[...]
    guard Self.takeName(&rest), let standard = Self.takeTime(&rest) else { return nil }
    self.standard = -standard
    guard !rest.isEmpty else {
      summer = nil
      return
    }
    guard Self.takeName(&rest) else { return nil }
    var seconds = self.standard + 3600
    if rest.first != ",", let offset = Self.takeTime(&rest) { seconds = -offset }
    guard let from = Self.takeDay(&rest), let until = Self.takeDay(&rest), rest.isEmpty else { return nil }
    summer = (seconds, from, until)
  }

  func offset(at seconds: Int64) -> Int {
    guard let summer else { return standard }
    let year = CELCivilTime(seconds: seconds + Int64(standard)).year
    let from = Self.moment(summer.from, year) - Int64(standard)
    let until = Self.moment(summer.until, year) - Int64(summer.seconds)
    let isSummer = from < until ? seconds >= from && seconds < until : seconds >= from || seconds < until
    return isSummer ? summer.seconds : standard
  }

  /// The stretch of one offset around a moment; without ends where there is no summer time.
  func period(at seconds: Int64) -> (from: Int64?, until: Int64?, offset: Int) {
    guard let summer else { return (nil, nil, standard) }
    let year = CELCivilTime(seconds: seconds + Int64(standard)).year
    let changes = (year - 1...year + 1).flatMap { year in
      [Self.moment(summer.from, year) - Int64(standard), Self.moment(summer.until, year) - Int64(summer.seconds)]
    }
    return (changes.filter { $0 <= seconds }.max(), changes.filter { $0 > seconds }.min(), offset(at: seconds))
  }

  private static func moment(_ day: Day, _ year: Int) -> Int64 {
    let january = CELCivilTime.daysSince1970(year: year, month: 1, day: 1)
    let days: Int
    switch day.form {
    case .ofYear(let number): days = january + number
    case .julian(let number): days = january + number - 1 + (number >= 60 && CELCivilTime.days(month: 2, year: year) == 29 ? 1 : 0)
    case .weekday(let month, let week, let wanted):
      let first = CELCivilTime.daysSince1970(year: year, month: month, day: 1)
      let weekday = CELCivilTime(seconds: Int64(first) * 86_400).weekday
      var date = 1 + (wanted - weekday + 7) % 7 + (week - 1) * 7
      if date > CELCivilTime.days(month: month, year: year) { date -= 7 }
      days = first + date - 1
    }
    return Int64(days) * 86_400 + Int64(day.seconds)
  }

  private static func takeName(_ rest: inout Substring) -> Bool {
    if rest.first == "<" {
      guard let end = rest.firstIndex(of: ">") else { return false }
      rest = rest[rest.index(after: end)...]
      return true
    }
    let name = rest.prefix { $0.isLetter }
    rest.removeFirst(name.count)
    return name.count >= 3
  }

  private static func takeNumber(_ rest: inout Substring) -> Int? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest.removeFirst(digits.count)
    return digits.count <= 4 ? Int(digits) : nil
  }

  private static func take(_ character: Character, _ rest: inout Substring) -> Bool {
    guard rest.first == character else { return false }
    rest.removeFirst()
    return true
  }

  /// Hours, if given minutes and seconds, as seconds.
  private static func takeTime(_ rest: inout Substring) -> Int? {
    let isNegative = take("-", &rest)
    if !isNegative { _ = take("+", &rest) }
    guard var seconds = takeNumber(&rest).map({ $0 * 3600 }) else { return nil }
    var unit = 60
    while unit > 0, take(":", &rest) {
      guard let part = takeNumber(&rest) else { return nil }
      seconds += part * unit
      unit /= 60
    }
    return isNegative ? -seconds : seconds
  }

  private static func takeDay(_ rest: inout Substring) -> Day? {
    guard take(",", &rest) else { return nil }
    let form: Day.Form
    if take("M", &rest) {
      guard let month = takeNumber(&rest), take(".", &rest), let week = takeNumber(&rest), take(".", &rest), let day = takeNumber(&rest),
        (1...12).contains(month), (1...5).contains(week), (0...6).contains(day)
      else { return nil }
      form = .weekday(month: month, week: week, day: day)
    } else {
      let isJulian = take("J", &rest)
      guard let number = takeNumber(&rest), number <= 366 else { return nil }
      form = isJulian ? .julian(number) : .ofYear(number)
    }
    var seconds = 7200
    if take("/", &rest) {
      guard let time = takeTime(&rest) else { return nil }
      seconds = time
    }
    return Day(form: form, seconds: seconds)
  }
}
