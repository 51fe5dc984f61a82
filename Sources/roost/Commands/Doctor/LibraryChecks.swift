import Core
import Storage

/// Roost itself and the libraries of this machine that it uses.
enum LibraryChecks {
  static func run() -> [DoctorFinding] {
    [.ok("roost", "version \(RunningServer.version)"), sqlite, sodium]
  }

  private static var sqlite: DoctorFinding {
    let version = "SQLite \(SQLiteLibrary.version)"
    if !SQLiteLibrary.isThreadSafe {
      return .fail(
        "sqlite", "\(version) was built without thread safety", mend: "Install the distribution's own: apt-get install libsqlite3-0")
    }
    if !SQLiteLibrary.isNewEnough {
      return .fail("sqlite", "\(version) is too old", mend: "Install \(SQLiteLibrary.versionMin) or newer: apt-get install libsqlite3-0")
    }
    if !SQLiteLibrary.hasFullTextSearch {
      return .warn(
        "sqlite", "\(version) has no full-text search (FTS5)", mend: "Install the distribution's own: apt-get install libsqlite3-0")
    }
    return .ok("sqlite", "\(version), thread-safe, with full-text search")
  }

  private static var sodium: DoctorFinding {
    SodiumLibrary.isReady
      ? .ok("libsodium", "libsodium \(SodiumLibrary.version)")
      : .fail(
        "libsodium", "libsodium \(SodiumLibrary.version) does not start",
        mend: "This machine offers no source of randomness: look at /dev/urandom.")
  }
}
