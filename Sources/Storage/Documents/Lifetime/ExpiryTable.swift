/// When the documents of one collection expire. A table and no index over the field: as text `2026-01-01T00:00:00+05:00` does not stand where
/// its moment does, and a document that never expires has no row.
struct ExpiryTable {
  let number: Int64

  var name: String { "expiries_\(number)" }

  var creation: String {
    "CREATE TABLE \(name) (due INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (due, id)) STRICT, WITHOUT ROWID"
  }

  /// A document that is filled in meanwhile may already have its row.
  var adding: String { "INSERT OR IGNORE INTO \(name) (due, id) VALUES (?, ?)" }

  var removing: String { "DELETE FROM \(name) WHERE due = ? AND id = ?" }
}
