import CSQLite
import Core

/// A connection whose statements are stopped at a deadline, with SQLITE_INTERRUPT.
final class Scanner {
  let database: Database
  private var deadline: ContinuousClock.Instant?

  init(_ database: Database) {
    self.database = database
    // SQLite asks this every so many of its steps, some tens of microseconds; 1 stops the statement.
    sqlite3_progress_handler(
      database.handle, 2000,
      { context in
        guard let context else { return 0 }
        return Unmanaged<Scanner>.fromOpaque(context).takeUnretainedValue().isOver ? 1 : 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit { sqlite3_progress_handler(database.handle, 0, nil, nil) }

  var isOver: Bool { deadline.map { ContinuousClock.now > $0 } ?? false }

  func begin(_ time: Duration) { deadline = ContinuousClock.now + time }

  func end() { deadline = nil }

  /// All that is read inside sees one snapshot.
  func snapshot<Value>(_ read: (Scanner) throws -> Value) throws -> Value { try database.snapshot { try read(self) } }
}

extension Database {
  /// All that is read inside sees one snapshot.
  func snapshot<Value>(_ read: () throws -> Value) throws -> Value {
    try run("BEGIN")
    // Ends a reading transaction: there is nothing to lose.
    defer { try? run("COMMIT") }
    return try read()
  }
}
