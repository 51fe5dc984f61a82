/// "Did you mean …?"
package enum CELSuggestion {
  /// The name most like `name`, as the end of a sentence; empty if none is like it.
  package static func text(for name: String, among names: some Collection<String>) -> String {
    let allowed = max(1, name.count / 3)
    let best = names.map { ($0, distance(Array(name.lowercased()), Array($0.lowercased()))) }
      .filter { $0.1 <= allowed && $0.0 != name }
      .min { ($0.1, $0.0) < ($1.1, $1.0) }
    return best.map { "; did you mean '\($0.0)'?" } ?? ""
  }

  /// The same for a field; if none is like it, those that there are, if they are few.
  static func text(forField name: String, among names: some Collection<String>) -> String {
    let suggestion = text(for: name, among: names)
    guard suggestion.isEmpty, !names.isEmpty, names.count <= 12 else { return suggestion }
    return "; it has \(names.sorted().joined(separator: ", "))"
  }

  /// The same for a function, by its name here or elsewhere.
  static func text(forFunction name: String, or others: [String] = []) -> String {
    if let usage = CELForeignWords.functions[name.lowercased()] { return "; write \(usage)" }
    let macros = ["has", "all", "exists", "exists_one", "map", "filter"]
    return text(for: name, among: others + macros + CELFunctions.table.keys.filter { !$0.hasPrefix("@") })
  }

  /// The fewest insertions, deletions, changes and swaps of neighbours that make one of the other.
  static func distance(_ a: [Character], _ b: [Character]) -> Int {
    guard a.count <= 64, b.count <= 64 else { return .max }
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
