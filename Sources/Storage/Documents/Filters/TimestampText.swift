import CEL
import Core

/// Expressions see `createdAt` as text, the table holds milliseconds. Within the years 0 to 9999 the text has a fixed length and sorts
/// as the time does, so any text stands at one place between two milliseconds.
enum TimestampText {
  private static let first: Int64 = -62_167_219_200_000
  private static let last: Int64 = 253_402_300_799_999

  /// The millisecond whose text this is.
  static func exactly(_ text: String) -> Int64? {
    let at = firstMillisecond { !precedes($0, text) }
    return at <= last && Timestamp(milliseconds: at).bytes.elementsEqual(text.utf8) ? at : nil
  }

  static func comparison(_ column: String, _ sign: CELBinaryOperator, _ text: String) -> SQLFragment {
    switch sign {
    case .less: SQLFragment("\(column) < ?", [.int(firstMillisecond { !precedes($0, text) })])
    case .greaterOrEqual: SQLFragment("\(column) >= ?", [.int(firstMillisecond { !precedes($0, text) })])
    case .lessOrEqual: SQLFragment("\(column) < ?", [.int(firstMillisecond { follows($0, text) })])
    default: SQLFragment("\(column) >= ?", [.int(firstMillisecond { follows($0, text) })])
    }
  }

  private static func precedes(_ milliseconds: Int64, _ text: String) -> Bool {
    Timestamp(milliseconds: milliseconds).bytes.lexicographicallyPrecedes(text.utf8)
  }

  private static func follows(_ milliseconds: Int64, _ text: String) -> Bool {
    text.utf8.lexicographicallyPrecedes(Timestamp(milliseconds: milliseconds).bytes)
  }

  /// The first millisecond for which it is true, given that it stays true; one past the last if there is none.
  private static func firstMillisecond(_ isTrue: (Int64) -> Bool) -> Int64 {
    var (low, high) = (first, last + 1)
    while low < high {
      let middle = low + (high - low) / 2
      if isTrue(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
