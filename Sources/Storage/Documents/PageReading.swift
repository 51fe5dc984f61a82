import CEL
import Core

/// One page on its way through SQLite: what SQL can say of the filters goes into the WHERE, the rest is looked at row by row.
struct PageReading: Sendable {
  private let query: DocumentQuery
  private let collection: Collection
  private let limit: Int

  init(_ query: DocumentQuery, of collection: Collection) {
    self.query = query
    self.collection = collection
    limit = max(1, min(query.limit, Limits.pageItemsMax))
  }

  /// No document can match.
  var isImpossible: Bool { false }

  /// It runs along an index and looks at no more rows than it answers, so that it may run on an event loop.
  var isLight: Bool { query.filters.isEmpty && PageOrder(query.sort, fields: FieldReader(collection)).isByID }

  func run(on database: Database, isOver: () -> Bool) throws -> DocumentPage {
    do {
      return try scan(database, isOver: isOver)
    } catch {
      throw tooSlow(error) ?? database.explain(error, collection: collection)
    }
  }

  private func scan(_ database: Database, isOver: () -> Bool) throws -> DocumentPage {
    let order = PageOrder(query.sort, fields: FieldReader(collection))
    var items: [DocumentRecord] = []
    var scanned = 0
    var condition = SQLFragment("")
    if let cursor = query.cursor { condition = " WHERE " + SQLFragment.joined(order.segments(after: cursor), by: "OR") }
    var sql = SQLFragment("SELECT id, version, created, updated, body FROM \(DocumentTable(number: collection.number).name)") + condition + order.clause
    if query.filters.isEmpty { sql = sql + SQLFragment(" LIMIT ?", [.int(Int64(limit + 1))]) }
    let statement = try database.statement(.text(sql.text), sql.text)
    defer { statement.reset() }
    try statement.bind(sql.values)
    while items.count <= limit, try statement.step() {
      scanned += 1
      if scanned > Limits.scannedRowsMax || scanned & 255 == 0 && isOver() { throw RoostError(.queryTooSlow, "") }
      let record = statement.documentRow()
      let context = RuleContext(query.variables, document: record)
      if query.filters.allSatisfy({ $0.allows(context) }) { items.append(record) }
    }
    guard items.count > limit else { return DocumentPage(items: items, next: nil) }
    items.removeLast()
    return DocumentPage(items: items, next: try order.cursor(at: items[limit - 1], in: database))
  }

  private func tooSlow(_ error: any Error) -> RoostError? {
    nil
  }
}
