import CSQLite
import Core

extension Database {
  enum Role: Equatable {
    case writer, scanner
    /// An event loop's, one of so many.
    case lane(of: Int)
  }

  /// Opens the file with everything that must hold for each connection. The writer creates it where it is missing.
  static func open(path: String, role: Role) throws -> Database {
    _ = configuredOnce
    var handle: OpaquePointer?
    let flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (role == .writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE)
    let status = sqlite3_open_v2(path, &handle, flags, nil)
    guard status == SQLITE_OK, let handle else {
      let error = SQLiteError(code: status, database: handle)
      sqlite3_close_v2(handle)
      throw error
    }
    let database = Database(handle: handle)
    try database.configure(role)
    return database
  }

  private func configure(_ role: Role) throws {
    // Another process may write too: the command line on the same folder.
    sqlite3_busy_timeout(handle, 5000)
    roost_sqlite3_switch(handle, Int32(SQLITE_DBCONFIG_DEFENSIVE), 1)
    roost_sqlite3_switch(handle, Int32(SQLITE_DBCONFIG_DQS_DML), 0)
    roost_sqlite3_switch(handle, Int32(SQLITE_DBCONFIG_DQS_DDL), 0)
    try runScript("PRAGMA mmap_size = 0; PRAGMA foreign_keys = OFF;")
    switch role {
    case .writer:
      // FULL: the write-ahead log reaches the disk before a commit returns, so an acknowledged write survives power loss.
      try runScript(
        """
        PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;
        PRAGMA journal_size_limit = 16777216; PRAGMA secure_delete = FAST; PRAGMA cache_size = -16384;
        """)
    case .lane(let count):
      // Together as much as fits the server's memory goal; with 100,000 documents of 300 bytes nearly everything stays in it.
      try runScript("PRAGMA query_only = ON; PRAGMA cache_size = -\(max(8192, 40960 / count));")
    case .scanner:
      // A scan reads each page once; sorting spills to the disk past this.
      try runScript("PRAGMA query_only = ON; PRAGMA cache_size = -8192;")
    }
  }

  /// Memory statistics would take a lock at each allocation. Must come before the first connection.
  private static let configuredOnce: Bool = roost_sqlite3_memstatus_off() == SQLITE_OK && sqlite3_initialize() == SQLITE_OK
}
