import Core
import JSON

/// Functions and their deliveries in SQLite. All rows are keyed by the function's number: a deleted function's rows are out of sight
/// at once, and removed a few at a time.
final class SQLiteFunctionStore: FunctionStore {
  let writer: Writer
  let readers: ReaderPool

  init(writer: Writer, readers: ReaderPool) {
    self.writer = writer
    self.readers = readers
  }

  func functions() async throws -> [DeployedFunction] {
    try await readers.read { database in
      try database.rows(
        """
        SELECT functions.name, functions.version, functions.created, functions.updated, definition
        FROM functions JOIN function_versions ON function = number AND function_versions.version = functions.version ORDER BY functions.name
        """
      ) { row in
        DeployedFunction(
          definition: try FunctionDefinition(name: row.text(0), value: JSONValue(parsing: row.bytes(4))), version: row.int(1),
          created: Timestamp(milliseconds: row.int(2)), updated: Timestamp(milliseconds: row.int(3)))
      }
    }
  }

  func deploy(_ definition: FunctionDefinition, at now: Timestamp) async throws -> (DeployedFunction, created: Bool) {
    try await writer.write { transaction in
      let database = transaction.database
      let existing = try database.first("SELECT number, version, created FROM functions WHERE name = ?", .text(definition.name)) {
        ($0.int(0), $0.int(1), $0.int(2))
      }
      let (number, version, created) = try existing.map { ($0.0, $0.1 + 1, $0.2) } ?? (transaction.nextNumber("last_function_number"), 1, now.milliseconds)
      if existing == nil {
        let count = try database.first("SELECT count(*) FROM functions") { $0.int(0) } ?? 0
        guard count < Limits.functionsMax else { throw RoostError(.conflict, "A project has at most \(Limits.functionsMax) functions.") }
        try database.run(
          "INSERT INTO functions (number, name, version, created, updated) VALUES (?, ?, 1, ?, ?)", .int(number), .text(definition.name), .int(created),
          .int(now.milliseconds))
        try database.run("INSERT INTO function_cursors (function, cursor) VALUES (?, ?)", .int(number), .int(transaction.lastSequence))
      } else {
        try database.run("UPDATE functions SET version = ?, updated = ? WHERE number = ?", .int(version), .int(now.milliseconds), .int(number))
      }
      try database.run(
        "INSERT INTO function_versions (function, version, definition, created) VALUES (?, ?, ?, ?)", .int(number), .int(version),
        .utf8(definition.stored), .int(now.milliseconds))
      try database.run("DELETE FROM function_versions WHERE function = ? AND version <= ?", .int(number), .int(version - Self.versionsKept))
      let function = DeployedFunction(definition: definition, version: version, created: Timestamp(milliseconds: created), updated: now)
      return (function, created: existing == nil)
    }
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
    if existed { try await Self.removeRemains(writer: writer) }
    return existed
  }

  /// Versions of one function that can be looked up: a source may be a megabyte.
  private static let versionsKept: Int64 = 100

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
    for table in ["invocation_logs", "invocations", "dead_letters", "parked_deliveries", "function_versions", "function_cursors"] {
      try database.run(
        "DELETE FROM \(table) WHERE rowid IN (SELECT rowid FROM \(table) WHERE function = ? LIMIT ?)", .int(number), .int(removedPerCommit))
      removed += database.changedRows
    }
    if removed == 0 { try database.run("DELETE FROM function_remains WHERE function = ?", .int(number)) }
    return true
  }
}

extension FunctionDefinition {
  /// The manifest with the source: what `init(name:value:)` reads again.
  fileprivate var stored: [UInt8] {
    guard case .object(var object) = manifest else { return manifest.bytes() }
    object["source"] = .string(source)
    return object.bytes()
  }
}

extension Database {
  func functionNumber(_ name: String) throws -> Int64? {
    try first("SELECT number FROM functions WHERE name = ?", .text(name)) { $0.int(0) }
  }
}
