import CSQLite
import Core

/// One SQLite connection with its prepared statements. SQLITE_OPEN_NOMUTEX: whoever holds it sees to it that one thread at a time
/// uses it, so SQLite need not lock.
final class Database {
  let handle: OpaquePointer
  private var statements: [StatementKey: Statement] = [:]
  private var uses: UInt64 = 0
  /// Some kilobytes each; a connection that serves hundreds of collections keeps the ones in use.
  private static let statementsMax = 400
  private static let keptTextBytesMax = 4096

  init(handle: OpaquePointer) {
    self.handle = handle
  }

  deinit {
    statements = [:]
    sqlite3_close_v2(handle)
  }

  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// A prepared statement, ready to be bound. It is the caller's until they reset it.
  @inline(__always)
  func statement(_ key: StatementKey, _ sql: @autoclosure () -> String) throws -> Statement {
    uses &+= 1
    if let statement = statements[key] {
      statement.lastUse = uses
      return statement
    }
    return try prepare(key, sql())
  }

  private func prepare(_ key: StatementKey, _ sql: String) throws -> Statement {
    // A caller's filter may be long and never come again: it goes with its caller.
    guard sql.utf8.count <= Self.keptTextBytesMax else { return try makeStatement(sql) }
    if statements.count >= Self.statementsMax { forgetOldStatements() }
    let statement = try makeStatement(sql)
    statement.lastUse = uses
    statements[key] = statement
    return statement
  }

  private func makeStatement(_ sql: String) throws -> Statement {
    var sql = sql
    return try sql.withUTF8 { text in
      var pointer: OpaquePointer?
      let status = text.withMemoryRebound(to: CChar.self) {
        sqlite3_prepare_v3(handle, $0.baseAddress, Int32($0.count), UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, nil)
      }
      guard status == SQLITE_OK, let pointer else { throw SQLiteError(code: status, database: handle) }
      return Statement(handle: pointer, database: handle)
    }
  }

  private func forgetOldStatements() {
    let oldest = statements.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(Self.statementsMax / 2)
    for (key, statement) in oldest where !statement.isBusy { statements[key] = nil }
  }

  func forgetStatements() { statements = [:] }

  // MARK: Statements that need not be the fastest: their text is their key.

  /// Runs a statement to its end.
  func run(_ sql: String, _ values: SQLValue...) throws { try run(sql, values) }

  func run(_ sql: String, _ values: [SQLValue]) throws {
    let statement = try statement(.text(sql), sql)
    defer { statement.reset() }
    try statement.bind(values)
    while try statement.step() {}
  }

  /// Rows that the last INSERT, UPDATE or DELETE touched.
  var changedRows: Int { Int(sqlite3_changes64(handle)) }

  /// Every row, as `row` reads it.
  func rows<Value>(_ sql: String, _ values: SQLValue..., row: (Statement) throws -> Value) throws -> [Value] {
    try rows(sql, values, row: row)
  }

  func rows<Value>(_ sql: String, _ values: [SQLValue], row: (Statement) throws -> Value) throws -> [Value] {
    let statement = try statement(.text(sql), sql)
    defer { statement.reset() }
    try statement.bind(values)
    var rows: [Value] = []
    while try statement.step() { rows.append(try row(statement)) }
    return rows
  }

  /// The first row, if there is one.
  func first<Value>(_ sql: String, _ values: SQLValue..., row: (Statement) throws -> Value) throws -> Value? {
    let statement = try statement(.text(sql), sql)
    defer { statement.reset() }
    try statement.bind(values)
    return try statement.step() ? try row(statement) : nil
  }

  /// Several statements, such as a migration; not kept.
  func runScript(_ sql: String) throws {
    let status = sqlite3_exec(handle, sql, nil, nil, nil)
    guard status == SQLITE_OK else { throw SQLiteError(code: sqlite3_extended_errcode(handle), database: handle) }
  }
}

/// What a prepared statement is found by. The hot ones have a number, so that no text is built to find them.
enum StatementKey: Hashable {
  case text(String)
  case document(DocumentStatement, collection: Int64)
}

enum DocumentStatement: UInt8 {
  case get, insert, update, delete, firstPage, nextPage
  case keepVersion, newestVersion, addExpiry, removeExpiry
}
