import CSQLite

/// One prepared statement. It belongs to its database's thread, like the database itself.
final class Statement {
  let handle: OpaquePointer
  private let database: OpaquePointer
  /// When the cache last handed it out; decides which goes first.
  var lastUse: UInt64 = 0

  init(handle: OpaquePointer, database: OpaquePointer) {
    self.handle = handle
    self.database = database
  }

  deinit { sqlite3_finalize(handle) }

  var isBusy: Bool { sqlite3_stmt_busy(handle) != 0 }

  // MARK: Binding. Positions count from 1. Nothing bound stays when the statement is handed out again with other values.

  func bind(_ value: SQLValue, at index: Int32) throws {
    switch value {
    case .null: try check(sqlite3_bind_null(handle, index))
    case .int(let number): try bind(number, at: index)
    case .double(let number): try check(sqlite3_bind_double(handle, index, number))
    case .text(let text): try bind(text, at: index)
    case .utf8(let bytes):
      try bytes.withUnsafeBytes { try check(roost_sqlite3_bind_text_copy(handle, index, Self.base($0), Int64($0.count))) }
    case .blob(let bytes):
      try bytes.withUnsafeBytes { try check(roost_sqlite3_bind_blob_copy(handle, index, Self.base($0), Int64($0.count))) }
    }
  }

  func bind(_ values: [SQLValue]) throws {
    for (position, value) in values.enumerated() { try bind(value, at: Int32(position + 1)) }
  }

  @inline(__always)
  func bind(_ number: Int64, at index: Int32) throws {
    try check(sqlite3_bind_int64(handle, index, number))
  }

  func bind(_ text: String, at index: Int32) throws {
    var text = text
    try text.withUTF8 { bytes in
      try check(roost_sqlite3_bind_text_copy(handle, index, Self.base(UnsafeRawBufferPointer(bytes)), Int64(bytes.count)))
    }
  }

  /// Binds text without a copy: the bytes must stay where they are until the statement is reset.
  @inline(__always)
  func bindUncopied(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int32) throws {
    try check(roost_sqlite3_bind_text_static(handle, index, Self.base(UnsafeRawBufferPointer(bytes)), Int64(bytes.count)))
  }

  /// A null pointer would bind NULL instead of the empty text.
  private static func base(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<CChar> {
    (bytes.baseAddress ?? UnsafeRawPointer(emptyText.utf8Start)).assumingMemoryBound(to: CChar.self)
  }

  private static let emptyText: StaticString = ""

  // MARK: Stepping

  /// True when there is a row.
  @inline(__always)
  func step() throws -> Bool {
    let status = sqlite3_step(handle)
    if status == SQLITE_ROW { return true }
    if status == SQLITE_DONE { return false }
    throw SQLiteError(code: sqlite3_extended_errcode(database), database: database)
  }

  /// Ends the statement so that it holds no lock and can run again.
  @inline(__always)
  func reset() { sqlite3_reset(handle) }

  @inline(__always)
  private func check(_ status: Int32) throws {
    guard status == SQLITE_OK else { throw SQLiteError(code: status, database: database) }
  }

  // MARK: Columns of the current row. Positions count from 0.

  @inline(__always)
  func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  func double(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

  func bool(_ column: Int32) -> Bool { int(column) != 0 }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

  /// SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB or SQLITE_NULL.
  func type(_ column: Int32) -> Int32 { sqlite3_column_type(handle, column) }

  func text(_ column: Int32) -> String { withText(column) { String(decoding: $0, as: UTF8.self) } }

  func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

  func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }

  /// A text's UTF-8.
  func bytes(_ column: Int32) -> [UInt8] { withText(column) { Array($0) } }

  func optionalBytes(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : bytes(column) }

  func blob(_ column: Int32) -> [UInt8] {
    guard let base = sqlite3_column_blob(handle, column) else { return [] }
    return Array(UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(handle, column))))
  }

  /// The bytes are SQLite's and gone after the next step or reset.
  @inline(__always)
  func withText<Value>(_ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws -> Value) rethrows -> Value {
    let base = sqlite3_column_text(handle, column)
    return try body(UnsafeBufferPointer(start: base, count: base == nil ? 0 : Int(sqlite3_column_bytes(handle, column))))
  }
}
