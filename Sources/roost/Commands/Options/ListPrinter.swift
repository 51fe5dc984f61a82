import JSON

/// Writes a list as it comes, page by page: memory stays that of a page.
struct ListPrinter {
  private let isJSON: Bool
  private var table: Table
  private var count = 0

  init(_ output: OutputOptions, _ columns: [Table.Column]) {
    isJSON = output.json
    table = Table(columns)
  }

  mutating func add(_ items: [JSONValue]) {
    guard !items.isEmpty else { return }
    if isJSON {
      var bytes: [UInt8] = []
      for item in items {
        bytes += Array((count == 0 ? "[\n" : ",\n").utf8)
        item.write(into: &bytes)
        count += 1
      }
      Terminal.bytes(bytes)
    } else {
      Terminal.bytes(Array(table.lines(for: items).map { $0 + "\n" }.joined().utf8))
      count += items.count
    }
  }

  /// - Parameter empty: what people are told of an empty list.
  mutating func end(empty: String) {
    if isJSON {
      Terminal.line(count == 0 ? "[]" : "\n]")
    } else if count == 0 {
      Terminal.note(empty)
    }
  }
}
