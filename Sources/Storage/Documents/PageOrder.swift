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

  /// A piece of the order: the rows that come next, in which the first keys have one value each.
  struct Segment {
    var condition: SQLFragment?
    let constantKeys: Int
    /// The field in which the piece begins behind the cursor, and at which end of its values.
    var begins: (path: [String], side: FilterLeaf.Side)?
    /// The field that is null or missing in all of the piece.
    var missing: [String]?

    /// All rows.
    static let whole = Segment(condition: nil, constantKeys: 0)
  }

  /// Keys that have one value are left out: SQLite 3.40 would sort for them, although the index is in order already.
  func clause(of segment: Segment) -> SQLFragment {
    var clause = SQLFragment(" ORDER BY ")
    for key in keys[segment.constantKeys...] { clause = clause + key.expression + (key.isDescending ? " DESC, " : ", ") }
    return clause + (idIsDescending ? "id DESC" : "id")
  }

  // MARK: Going on from a cursor

  /// What comes after the cursor, cut into pieces that follow one another in the order. Each is an equality on some keys and at most
  /// one range, so that an index leads straight to its beginning.
  func segments(after cursor: PageCursor) -> [Segment] {
    let values = places.map { cursor.values.indices.contains($0) ? SQLValue(cursorValue: cursor.values[$0]) : .null }
    var segments: [Segment] = []
    for count in stride(from: keys.count, through: 0, by: -1) {
      let same = (0..<count).map { position in
        if case .null = values[position] { return keys[position].expression + " IS NULL" }
        return keys[position].expression + SQLFragment(" = ?", [values[position]])
      }
      if count == keys.count {
        let after = SQLFragment(idIsDescending ? "id < ?" : "id > ?", [.text(cursor.id)])
        segments.append(Segment(condition: .joined(same + [after], by: "AND"), constantKeys: count))
      } else {
        segments += Self.after(values[count], keys[count], count).map { after in
          var segment = after
          segment.condition = .joined(same + [after.condition].compactMap(\.self), by: "AND")
          return segment
        }
      }
    }
    return segments
  }

  /// What comes behind the value in the key at `position`. Null comes first ascending, last descending.
  private static func after(_ value: SQLValue, _ key: Key, _ position: Int) -> [Segment] {
    let nulls = Segment(condition: key.expression + " IS NULL", constantKeys: position + 1, missing: key.path)
    switch (value, key.isDescending) {
    case (.null, false): return [Segment(condition: key.expression + " IS NOT NULL", constantKeys: position)]
    case (.null, true): return []
    case (_, false): return [Segment(condition: key.expression + SQLFragment(" > ?", [value]), constantKeys: position, begins: (key.path, .lower))]
    case (_, true): return [Segment(condition: key.expression + SQLFragment(" < ?", [value]), constantKeys: position, begins: (key.path, .upper)), nulls]
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
  func jsonValue(_ column: Int32) -> JSONValue {
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
