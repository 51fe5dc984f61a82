/// A piece of SQL text and the values for its `?`, in their order. Text comes from us, values from anywhere.
struct SQLFragment: Sendable {
  var text: String
  var values: [SQLValue]

  init(_ text: String, _ values: [SQLValue] = []) {
    self.text = text
    self.values = values
  }

  static func + (left: SQLFragment, right: SQLFragment) -> SQLFragment {
    SQLFragment(left.text + right.text, left.values + right.values)
  }

  static func + (left: SQLFragment, right: String) -> SQLFragment {
    SQLFragment(left.text + right, left.values)
  }

  static func + (left: String, right: SQLFragment) -> SQLFragment {
    SQLFragment(left + right.text, right.values)
  }

  /// The parts in brackets, joined by ` AND ` or ` OR `.
  static func joined(_ parts: [SQLFragment], by word: String) -> SQLFragment {
    guard parts.count != 1 else { return parts[0] }
    return SQLFragment(text(of: parts[...], word), parts.flatMap(\.values))
  }

  /// Many parts are halved, again and again: `a OR b OR c` is as deep as it is long, and SQLite takes a depth of 1000.
  private static func text(of parts: ArraySlice<SQLFragment>, _ word: String) -> String {
    guard parts.count > 64 else { return parts.map { "(\($0.text))" }.joined(separator: " \(word) ") }
    let middle = parts.startIndex + parts.count / 2
    return "(\(text(of: parts[..<middle], word))) \(word) (\(text(of: parts[middle...], word)))"
  }
}
