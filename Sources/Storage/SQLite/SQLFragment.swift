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

  /// The parts in brackets, joined by ` AND ` or ` OR `. Many are joined in groups of groups, because SQLite takes a chain for a tree as
  /// deep as the chain is long, and refuses one that is deeper than 1,000.
  static func joined(_ parts: [SQLFragment], by word: String) -> SQLFragment {
    guard parts.count != 1 else { return parts[0] }
    guard parts.count > chainMax else { return SQLFragment(parts.map { "(\($0.text))" }.joined(separator: " \(word) "), parts.flatMap(\.values)) }
    let middle = parts.count / 2
    return joined([joined(Array(parts[..<middle]), by: word), joined(Array(parts[middle...]), by: word)], by: word)
  }

  private static let chainMax = 16
}
