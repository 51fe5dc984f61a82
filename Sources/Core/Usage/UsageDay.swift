import CEL

/// A day of UTC, counted from 1 January 1970.
package struct UsageDay: Sendable, Hashable, Comparable {
  package let number: Int64

  package init(number: Int64) {
    self.number = number
  }

  package init(_ moment: Timestamp) {
    number = (moment.milliseconds - (moment.milliseconds < 0 ? 86_399_999 : 0)) / 86_400_000
  }

  /// `2026-11-21`; nil for anything else.
  package init?(text: String) {
    guard text.utf8.count == 10, let midnight = CELTimestamp(text: text + "T00:00:00Z"), midnight.milliseconds >= 0 else { return nil }
    self.init(Timestamp(milliseconds: midnight.milliseconds))
    guard self.text == text else { return nil }
  }

  package var start: Timestamp { Timestamp(milliseconds: number * 86_400_000) }
  package var end: Timestamp { Timestamp(milliseconds: (number + 1) * 86_400_000) }
  package var text: String { String(start.text.prefix(10)) }

  package static func < (left: UsageDay, right: UsageDay) -> Bool { left.number < right.number }
}
