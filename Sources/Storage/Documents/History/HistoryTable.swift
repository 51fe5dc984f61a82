/// The table of one collection's kept versions: its names and its hot statements. A rowid table, so that versions are appended in the order
/// of their writing, which is the order of their age; and a table of the collection's own, so that it goes with it.
struct HistoryTable {
  let number: Int64

  var name: String { "history_\(number)" }

  var creation: String {
    """
    CREATE TABLE \(name) (
      place INTEGER PRIMARY KEY,
      id TEXT NOT NULL,
      version INTEGER NOT NULL,
      operation TEXT NOT NULL,
      at INTEGER NOT NULL,
      created INTEGER NOT NULL,
      updated INTEGER NOT NULL,
      auth TEXT,
      body TEXT,
      UNIQUE (id, version)
    ) STRICT;
    CREATE INDEX \(name)_deleted ON \(name) (place) WHERE body IS NULL;
    """
  }

  static let columns = "id, version, operation, at, created, updated, auth, body"

  var keeping: String { "INSERT INTO \(name) (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?)" }

  var newest: String { "SELECT max(version) FROM \(name) WHERE id = ?" }
}
