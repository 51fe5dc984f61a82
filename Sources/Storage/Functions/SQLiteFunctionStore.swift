import Core

/// Functions and their deliveries in SQLite. All rows are keyed by the function's number: a deleted function's rows are out of sight
/// at once, and removed a few at a time.
final class SQLiteFunctionStore: FunctionStore {
  let writer: Writer
  let readers: ReaderPool
  let folders: FunctionFolders

  /// - Parameter folder: for what archives unpack to.
  init(writer: Writer, readers: ReaderPool, folder: String) throws {
    self.writer = writer
    self.readers = readers
    folders = try FunctionFolders(path: folder)
  }

  func deleteFunction(_ name: String) async throws -> Bool {
    let existed = try await writer.write { transaction in
      let database = transaction.database
      guard let number = try database.functionNumber(name) else { return false }
      try database.run("DELETE FROM functions WHERE number = ?", .int(number))
      try database.run("DELETE FROM secrets WHERE function = ?", .text(name))
      try database.run("INSERT INTO function_remains (function) VALUES (?)", .int(number))
      return true
    }
    if existed {
      try await Self.removeRemains(writer: writer)
      try await removeUnusedFolders()
    }
    return existed
  }

  // MARK: Cleaning up

  /// Rows that one commit removes of each kind: callers' writes wait for no longer than that takes.
  private static let removedPerCommit: Int64 = 500

  /// Removes the rows of deleted functions.
  static func removeRemains(writer: Writer) async throws {
    while try await writer.write({ try removeSomeRemains($0.database) }) {}
  }

  /// True while there may be more.
  private static func removeSomeRemains(_ database: Database) throws -> Bool {
    guard let number = try database.first("SELECT function FROM function_remains LIMIT 1", row: { $0.int(0) }) else { return false }
    var removed = 0
    let tables = [
      "run_steps", "runs", "invocation_logs", "invocations", "dead_letters", "parked_deliveries", "function_versions", "function_aliases", "function_cursors",
      "schedules",
    ]
    for table in tables {
      try database.run(
        "DELETE FROM \(table) WHERE rowid IN (SELECT rowid FROM \(table) WHERE function = ? LIMIT ?)", .int(number), .int(removedPerCommit))
      removed += database.changedRows
    }
    if removed == 0 { try database.run("DELETE FROM function_remains WHERE function = ?", .int(number)) }
    return true
  }
}

extension Database {
  func functionNumber(_ name: String) throws -> Int64? {
    try first("SELECT number FROM functions WHERE name = ?", .text(name)) { $0.int(0) }
  }

  /// The same, if it was made then.
  func functionNumber(_ name: String, created: Timestamp?) throws -> Int64? {
    guard let created else { return try functionNumber(name) }
    return try first("SELECT number FROM functions WHERE name = ? AND created = ?", .text(name), .int(created.milliseconds)) { $0.int(0) }
  }
}
