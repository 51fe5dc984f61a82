import CSQLite

/// The SQLite that this process runs with: the machine's own, which may be another than at build time.
package enum SQLiteLibrary {
  package static var version: String { String(cString: sqlite3_libversion()) }

  /// Oldest one with everything that Roost's SQL uses (RETURNING: 3.35; STRICT: 3.37; `unixepoch` and right joins are not used).
  package static let versionMin = "3.37.0"

  package static var isNewEnough: Bool { sqlite3_libversion_number() >= 3_037_000 }

  /// False for a build without locks, which is of no use with several connections.
  package static var isThreadSafe: Bool { sqlite3_threadsafe() != 0 }

  package static var hasFullTextSearch: Bool { sqlite3_compileoption_used("ENABLE_FTS5") != 0 }
}
