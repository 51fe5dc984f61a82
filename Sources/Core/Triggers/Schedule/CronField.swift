/// One field of a cron expression: which of its values are wanted.
struct CronField: Sendable {
  enum Kind: CaseIterable, Sendable {
    case second, minute, hour, dayOfMonth, month, dayOfWeek

    var range: ClosedRange<Int> {
      switch self {
      case .second, .minute: 0...59
      case .hour: 0...23
      case .dayOfMonth: 1...31
      case .month: 1...12
      // 7 is Sunday too.
      case .dayOfWeek: 0...7
      }
    }

    var title: String {
      switch self {
      case .second: "second"
      case .minute: "minute"
      case .hour: "hour"
      case .dayOfMonth: "day of the month"
      case .month: "month"
      case .dayOfWeek: "day of the week"
      }
    }

    /// The names of its values, from the first one on.
    fileprivate var names: [String] {
      switch self {
      case .month: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
      case .dayOfWeek: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
      default: []
      }
    }
  }

  /// The n-th of a weekday in its month; `nil` is the last one.
  struct WeekdayOfMonth: Sendable, Equatable {
    let weekday: Int
    let week: Int?
  }

  /// Bit n: the value n is wanted. Sunday is 0.
  private(set) var values: UInt64 = 0
  /// `L`: the last day of the month.
  private(set) var hasLastDay = false
  /// `MON#1`, `FRIL`.
  private(set) var weekdaysOfMonth: [WeekdayOfMonth] = []
  /// The field begins with `*` (or is `?`), which for a day means to cron(8) that it does not restrict the other one.
  let hasStar: Bool

  private let kind: Kind

  init(_ text: Substring, _ kind: Kind) throws(CronError) {
    self.kind = kind
    hasStar = text.hasPrefix("*") || text == "?"
    if text == "?", kind == .dayOfMonth || kind == .dayOfWeek {
      values = Self.mask(kind.range, step: 1)
    } else {
      for part in text.split(separator: ",", omittingEmptySubsequences: false) { try add(part) }
    }
    if kind == .dayOfWeek, values & 1 << 7 != 0 { values = values & ~(1 << 7) | 1 }
  }

  func contains(_ value: Int) -> Bool { values & 1 << UInt64(value) != 0 }

  /// The smallest wanted value that is not below `value`.
  func next(from value: Int) -> Int? {
    guard value < 64 else { return nil }
    let left = values >> UInt64(value)
    return left == 0 ? nil : value + left.trailingZeroBitCount
  }

  var first: Int { values.trailingZeroBitCount }

  // MARK: Reading

  private mutating func add(_ part: Substring) throws(CronError) {
    let pieces = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let span = pieces.first, !span.isEmpty else { throw fault(part, "is empty") }
    var step = 1
    if pieces.count == 2 {
      guard let number = Self.number(pieces[1]), number >= 1, number <= kind.range.upperBound else {
        throw fault(part, "has a step that is no number from 1 to \(kind.range.upperBound)")
      }
      step = number
    } else if try addDay(span) {
      return
    }
    if span == "*" {
      // The week has no eighth day.
      values |= Self.mask(kind == .dayOfWeek ? 0...6 : kind.range, step: step)
      return
    }
    let ends = span.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let low = try value(ends[0], of: part)
    var high = low
    if ends.count == 2 { high = try value(ends[1], of: part) } else if pieces.count == 2 { high = kind == .dayOfWeek ? 6 : kind.range.upperBound }
    if kind == .dayOfWeek, ends.count == 2, high == 0, low > 0 { high = 7 }
    guard low <= high else { throw fault(part, "runs backwards: write two ranges") }
    values |= Self.mask(low...high, step: step)
  }

  /// The forms that only days have.
  private mutating func addDay(_ text: Substring) throws(CronError) -> Bool {
    let upper = text.uppercased()
    if kind == .dayOfMonth, upper == "L" {
      hasLastDay = true
      return true
    }
    guard kind == .dayOfWeek else { return false }
    if let mark = text.firstIndex(of: "#") {
      guard let week = Self.number(text[text.index(after: mark)...]), (1...5).contains(week) else {
        throw fault(text, "counts no week from 1 to 5 after its #")
      }
      weekdaysOfMonth.append(WeekdayOfMonth(weekday: try value(text[..<mark], of: text) % 7, week: week))
      return true
    }
    guard upper.hasSuffix("L"), upper.count > 1 else { return false }
    weekdaysOfMonth.append(WeekdayOfMonth(weekday: try value(text.dropLast(), of: text) % 7, week: nil))
    return true
  }

  private func value(_ text: Substring, of part: Substring) throws(CronError) -> Int {
    if let position = kind.names.firstIndex(of: text.uppercased()) { return position + kind.range.lowerBound }
    guard let number = Self.number(text), kind.range.contains(number) else {
      let names = kind.names.isEmpty ? "" : " or \(kind.names[0]) to \(kind.names[kind.names.count - 1])"
      throw fault(part, "is not within \(kind.range.lowerBound) to \(kind.range.upperBound)\(names)")
    }
    return number
  }

  private func fault(_ part: Substring, _ what: String) -> CronError {
    CronError("the \(kind.title) '\(part.prefix(40))' \(what)")
  }

  /// Digits only, and few.
  private static func number(_ text: Substring) -> Int? {
    guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
    return Int(text)
  }

  private static func mask(_ range: ClosedRange<Int>, step: Int) -> UInt64 {
    stride(from: range.lowerBound, through: range.upperBound, by: step).reduce(0) { $0 | 1 << UInt64($1) }
  }
}

/// What is wrong with a cron expression, to follow "cron: ".
package struct CronError: Error, Equatable {
  package let message: String

  init(_ message: String) { self.message = message }
}
