import CSQLite
import Core

extension SearchReading {
  /// How many documents are found on all pages together; unknown where counting them takes too long.
  func total(on database: Database, isOver: () -> Bool) throws -> DocumentTotal {
    do {
      return try count(on: database, isOver: isOver).map(DocumentTotal.exactly) ?? .unknown
    } catch let error as SQLiteError where error.primaryCode == SQLITE_INTERRUPT {
      return .unknown
    }
  }

  /// Nil if time is over.
  private func count(on database: Database, isOver: () -> Bool) throws -> Int? {
    let isExact = plan.condition.precision == .exact
    let columns = isExact ? "count(*)" : "\(index.table).rowid"
    var sql = SQLFragment("SELECT \(columns) FROM \(index.table)")
    let condition = plan.condition.sql
    if condition != nil { sql = sql + " CROSS JOIN \(documents) ON \(documents).rowid = \(index.table).rowid" }
    sql = sql + SQLFragment(" WHERE \(index.table) MATCH ?", [.text(match.expression)])
    if let condition { sql = sql + " AND (" + condition + ")" }
    let rows = try database.statement(.text(sql.text), sql.text)
    defer { rows.reset() }
    try rows.bind(sql.values)
    if isExact { return try rows.step() ? Int(rows.int(0)) : 0 }
    var (count, looks) = (0, 0)
    while try rows.step() {
      looks += 1
      if looks & 7 == 0, isOver() { return nil }
      if let record = try document(rows.int(0), database), view(of: record) != nil { count += 1 }
    }
    return count
  }
}
