import JSON

/// Rows for people, aligned, the first line the titles. Rows may come in batches: the first one decides the widths.
struct Table {
  struct Column: Sendable {
    let title: String
    let alignsRight: Bool
    /// Never cut: an id that lacks its end is of no use.
    private(set) var isWhole = false
    let text: @Sendable (JSONValue) -> String

    init(_ title: String, alignsRight: Bool = false, _ text: @escaping @Sendable (JSONValue) -> String) {
      self.title = title
      self.alignsRight = alignsRight
      self.text = text
    }

    /// A member of the row: text as it is, nothing for null.
    init(_ title: String, _ path: String...) {
      self.init(title) { row in Self.text(of: path.reduce(row) { $0[$1] ?? .null }) }
    }

    static func whole(_ title: String, _ name: String) -> Column {
      var column = Column(title, name)
      column.isWhole = true
      return column
    }

    /// A moment (UTC) to the minute or second: `2026-11-21 02:26`. Exact ones are in `--json`.
    static func time(_ title: String, _ name: String, toSecond: Bool = false) -> Column {
      var column = Column(title) { row in
        guard let text = row[name]?.stringValue, text.utf8.count >= 20 else { return "" }
        return String(text.prefix(10)) + " " + String(text.dropFirst(11).prefix(toSecond ? 8 : 5))
      }
      column.isWhole = true
      return column
    }

    static func text(of value: JSONValue) -> String {
      switch value {
      case .null: ""
      case .string(let text): text
      default: value.text
      }
    }
  }

  /// So many digits behind the point, at least one; nothing for what is no number, or none that a column holds.
  static func text(of number: Double?, places: Int) -> String {
    guard let number, number.isFinite, number.magnitude < 1e12 else { return "" }
    let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
    let whole = String(Int64((number * scale).rounded()))
    let digits = String(repeating: "0", count: max(0, places + 1 - whole.count)) + whole
    return digits.dropLast(places) + "." + digits.suffix(places)
  }

  private static let gap = 2
  /// A column is not made narrower than this to fit the terminal.
  private static let narrowest = 6
  private let columns: [Column]
  private let widthMax: Int?
  private var widths: [Int]?

  init(_ columns: [Column], widthMax: Int? = Terminal.width) {
    self.columns = columns
    self.widthMax = widthMax
  }

  mutating func lines(for rows: [JSONValue]) -> [String] {
    let cells = rows.map { row in columns.map { Printable.line($0.text(row)) } }
    if let widths { return cells.map { line($0, widths) } }
    let titles = columns.map(\.title)
    let widths = fitted(columns.indices.map { column in ([titles] + cells).map { Printable.cells($0[column]) }.max() ?? 0 })
    self.widths = widths
    return ([titles] + cells).map { line($0, widths) }
  }

  /// Takes from the widest column that may be cut until the line fits, or none can give any more.
  private func fitted(_ natural: [Int]) -> [Int] {
    guard let widthMax else { return natural }
    var widths = natural
    while widths.reduce(0, +) + Self.gap * (widths.count - 1) > widthMax {
      guard let widest = columns.indices.filter({ !columns[$0].isWhole }).max(by: { widths[$0] < widths[$1] }), widths[widest] > Self.narrowest else { break }
      widths[widest] -= 1
    }
    return widths
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (position, cell) in cells.enumerated() {
      let isLast = position == cells.count - 1
      // A later batch may have wider cells: where nothing needs to fit they push the line out, and lose nothing.
      let text = widthMax == nil || columns[position].isWhole ? cell : Printable.cut(cell, to: widths[position])
      let room = String(repeating: " ", count: max(0, widths[position] - Printable.cells(text)))
      line += columns[position].alignsRight ? room + text : text + (isLast ? "" : room)
      if !isLast { line += String(repeating: " ", count: Self.gap) }
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}
