import CSQLite
import Core
import Glibc

/// What SQLite reported. The code decides what becomes of it; the text is for the operator's log only.
struct SQLiteError: Error, CustomStringConvertible {
  /// The extended result code (https://www.sqlite.org/rescode.html).
  let code: Int32
  /// What the operating system said, where it had a part in it.
  let systemError: Int32
  let text: String

  init(code: Int32, database: OpaquePointer?) {
    self.code = code
    systemError = database.map { sqlite3_system_errno($0) } ?? 0
    text = database.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? String(cString: sqlite3_errstr(code))
  }

  var primaryCode: Int32 { code & 0xff }

  var description: String { "SQLite error \(code): \(text)" + (systemError == 0 ? "" : " (system error \(systemError))") }

  /// A unique index or a primary key already holds the value.
  var isUniqueViolation: Bool { code == SQLITE_CONSTRAINT | 8 << 8 || code == SQLITE_CONSTRAINT | 6 << 8 }

  /// What a caller can act on; nil for what is our own fault or the disk's.
  var roostError: RoostError? {
    switch primaryCode {
    case SQLITE_FULL: Self.storageFull
    case SQLITE_IOERR where systemError == ENOSPC || systemError == EDQUOT || isFailedWrite: Self.storageFull
    case SQLITE_BUSY, SQLITE_LOCKED:
      RoostError(.unavailable, "The database is busy with another process. Try again in a moment.", retryAfter: .seconds(1))
    case SQLITE_INTERRUPT: RoostError(.queryTooSlow, "The query was stopped because it took too long.")
    case SQLITE_NOMEM: RoostError(.overloaded, "The server has no memory left for this. Try again in a moment.", retryAfter: .seconds(2))
    case SQLITE_TOOBIG: RoostError(.payloadTooLarge, "The data is larger than one record can be.")
    default: nil
    }
  }

  /// SQLITE_IOERR_WRITE, _FSYNC, _DIR_FSYNC, _TRUNCATE and _SHMSIZE: what a disk says that takes no more.
  private var isFailedWrite: Bool { [3, 4, 5, 6, 19].contains(code >> 8) }

  static let storageFull = RoostError(.storageFull, "The server's storage is full. What was stored stands; nothing new was stored.")
}

/// What goes to a caller: SQLite's errors by code, everything else as it is.
func storageError(_ error: any Error) -> any Error {
  (error as? SQLiteError)?.roostError ?? error
}
