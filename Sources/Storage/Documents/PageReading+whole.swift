import CSQLite
import Core

/// What is about all documents that match, and not about one page of them: counts and aggregations.
extension PageReading {
  /// How many documents match. Where SQL says exactly which they are, it counts them; what it cannot say is looked at in memory, within the
  /// bounds of a page. Errors: `query_too_slow`, `collection_not_found`.
  func count(on database: Database, lookups: RuleLookups? = nil, isOver: () -> Bool) throws -> Int {
    try explaining(on: database) {
      switch plan.condition.precision {
      case .exact: return try counts(SQLFragment("count(*), 0"), on: database)[0]
      case .exactWithoutNUL:
        // Hardly any document has a NUL, so that one walk is enough.
        let counts = try counts("count(*), total(" + FieldReader.holdsNUL + ")", on: database)
        guard counts[1] > 0 else { return counts[0] }
        return try counts[0] - counts[1] + countVisible(wholeStatement(Self.row, and: FieldReader.holdsNUL), on: database, lookups, isOver)
      case .superset: return try countVisible(wholeStatement(Self.row), on: database, lookups, isOver)
      }
    }
  }

  /// Hands every document that matches to `take`, in no particular order.
  func forEach(on database: Database, lookups: RuleLookups? = nil, isOver: () -> Bool, _ take: (DocumentRecord) throws -> Void) throws {
    try explaining(on: database) { try forEach(wholeStatement(Self.row), on: database, lookups, isOver, take) }
  }

  /// How `forEach` reads.
  func wholeExplanation(on database: Database) throws -> QueryPlan {
    let statement = wholeStatement(Self.row)
    let steps = try database.rows("EXPLAIN QUERY PLAN " + statement.text, statement.values) { $0.text(3) }
    let index = indexFields { name in steps.contains { $0.contains(" \(name) ") } }
    let fields = wholeFieldsToIndex
    return QueryPlan(sql: statement.text, precision: precision, index: index, missingIndex: index == nil && !fields.isEmpty ? fields : nil, steps: steps)
  }

  private static let row = SQLFragment("id, version, created, updated, body")

  private func wholeStatement(_ columns: SQLFragment, and condition: SQLFragment? = nil) -> SQLFragment {
    let conditions = [plan.condition.sql, condition].compactMap(\.self)
    let select = "SELECT " + columns + " FROM \(shape.table)"
    return conditions.isEmpty ? select : select + " WHERE " + .joined(conditions, by: "AND")
  }

  private func counts(_ columns: SQLFragment, on database: Database) throws -> [Int] {
    let sql = wholeStatement(columns)
    return try database.rows(sql.text, sql.values) { row in [Int(row.int(0)), Int(row.int(1))] }[0]
  }

  private func countVisible(_ sql: SQLFragment, on database: Database, _ lookups: RuleLookups?, _ isOver: () -> Bool) throws -> Int {
    var count = 0
    try forEach(sql, on: database, lookups, isOver) { _ in count += 1 }
    return count
  }

  private func forEach(
    _ sql: SQLFragment, on database: Database, _ lookups: RuleLookups?, _ isOver: () -> Bool, _ take: (DocumentRecord) throws -> Void
  ) throws {
    let statement = try database.statement(.text(sql.text), sql.text)
    defer { statement.reset() }
    try statement.bind(sql.values)
    // What SQL has decided costs time only, of which there is a bound; the rest is bounded as for a page. Hidden fields stay in it: who counts
    // or aggregates reads none of them.
    let isExact = plan.condition.precision == .exact
    let rowsMax = isExact ? Int.max : Limits.scannedRowsMax
    var scanned = 0
    while try statement.step() {
      scanned += 1
      if scanned > rowsMax || scanned & rowsBetweenLooks == 0 && isOver() { throw tooSlow }
      let record = statement.documentRow()
      if let visible = isExact ? record : view(of: record, lookups) { try take(visible) }
    }
    try lookups?.requireComplete()
  }

  private func explaining<Value>(on database: Database, _ read: () throws -> Value) throws -> Value {
    do {
      return try read()
    } catch let error as SQLiteError where error.primaryCode == SQLITE_INTERRUPT {
      throw tooSlow
    } catch {
      throw database.explain(error, collection: collection)
    }
  }

  /// Without an order only what the filter compares for equality, or else one bound.
  private var wholeFieldsToIndex: [String] {
    let leaves = plan.condition.conjuncts.compactMap { if case .leaf(let leaf) = $0, !leaf.path.isEmpty { leaf } else { nil } }
    let equal = leaves.filter { $0.kind == .equality }
    return (equal.isEmpty ? Array(leaves.filter { $0.kind == .range }.prefix(1)) : equal).map { $0.path.joined(separator: ".") }
  }
}
