import Core
import JSON

/// The total order of a page's documents: the sort's keys, then the id in the last key's direction.
///
/// Values of different types order as SQLite orders what `json_extract` gives: null and missing, then numbers with false as 0 and
/// true as 1, then text by its UTF-8 bytes; objects and arrays are their JSON text.
struct PageOrder {
  struct Key {
    let path: [String]
    let expression: SQLFragment
    let isDescending: Bool
  }

  /// The keys that count: what follows the id decides nothing.
  private(set) var keys: [Key]
  let idIsDescending: Bool
  /// All keys' expressions, for the cursor, which has one value for each key of the sort.
  private let cursorExpressions: [SQLFragment]
  /// For each of `keys` its place in the sort, and so in a cursor.
  private var places: [Int]

  init(_ sort: [SortKey], fields: FieldReader) {
    let idKey = sort.firstIndex { $0.path == ["id"] }
    keys = sort[..<(idKey ?? sort.count)].map { Key(path: $0.path, expression: fields.value($0.path), isDescending: $0.isDescending) }
    idIsDescending = idKey.map { sort[$0].isDescending } ?? sort.last?.isDescending ?? false
    cursorExpressions = sort.map { fields.value($0.path) }
    places = Array(keys.indices)
  }

  /// Without the keys that have the same value in all rows: they order nothing, and an index leads past them.
  func without(_ constant: Set<[String]>) -> PageOrder {
    var order = self
    let kept = keys.indices.filter { !constant.contains(keys[$0].path) }
    order.keys = kept.map { keys[$0] }
    order.places = kept.map { places[$0] }
    return order
  }

  var clause: SQLFragment {
    var clause = SQLFragment(" ORDER BY ")
    for key in keys { clause = clause + key.expression + (key.isDescending ? " DESC, " : ", ") }
    return clause + (idIsDescending ? "id DESC" : "id")
  }

  // MARK: Going on from a cursor

  /// What comes after the cursor, cut into pieces that follow one another in the order. Each is an equality on some keys and at most
  /// one range, so that an index leads straight to its beginning.
  func segments(after cursor: PageCursor) -> [SQLFragment] {
    let values = places.map { cursor.values.indices.contains($0) ? SQLValue(cursorValue: cursor.values[$0]) : .null }
    var segments: [SQLFragment] = []
    for count in stride(from: keys.count, through: 0, by: -1) {
      let same = (0..<count).map { position in
        if case .null = values[position] { return keys[position].expression + " IS NULL" }
        return keys[position].expression + SQLFragment(" = ?", [values[position]])
      }
      if count == keys.count {
        segments.append(.joined(same + [SQLFragment(idIsDescending ? "id < ?" : "id > ?", [.text(cursor.id)])], by: "AND"))
      } else {
        for after in Self.after(values[count], keys[count]) { segments.append(.joined(same + [after], by: "AND")) }
      }
    }
    return segments
  }

  /// Null comes first ascending, last descending.
  private static func after(_ value: SQLValue, _ key: Key) -> [SQLFragment] {
    switch (value, key.isDescending) {
    case (.null, false): [key.expression + " IS NOT NULL"]
    case (.null, true): []
    case (_, false): [key.expression + SQLFragment(" > ?", [value])]
    case (_, true): [key.expression + SQLFragment(" < ?", [value]), key.expression + " IS NULL"]
    }
  }

  /// Where a page ends that ends with this document. SQLite reads the keys, so that cursor and order never disagree.
  func cursor(at record: DocumentRecord, in database: Database) throws -> PageCursor {
    guard !cursorExpressions.isEmpty else { return PageCursor(values: [], id: record.id) }
    let keys = cursorExpressions.map(\.text).joined(separator: ", ")
    let values = try database.rows(
      "SELECT \(keys) FROM (SELECT ? AS id, ? AS version, ? AS created, ? AS updated, ? AS body)",
      cursorExpressions.flatMap(\.values) + [
        .text(record.id), .int(record.version), .int(record.created.milliseconds), .int(record.updated.milliseconds), .utf8(record.body),
      ]
    ) { row in (0..<Int32(cursorExpressions.count)).map { row.jsonValue($0) } }
    return PageCursor(values: values[0], id: record.id)
  }
}

extension Statement {
  /// A column as a cursor carries it.
  fileprivate func jsonValue(_ column: Int32) -> JSONValue {
    switch type(column) {
    case 1: .int(int(column))
    case 2: .double(double(column))
    case 3: .string(text(column))
    default: .null
    }
  }
}

extension SQLValue {
  fileprivate init(cursorValue: JSONValue) {
    switch cursorValue {
    case .int(let number): self = .int(number)
    case .double(let number): self = .double(number)
    case .string(let text): self = .text(text)
    default: self = .null
    }
  }
}
