import Core
import Migrations

/// Brings a database to the state that this binary knows. What was applied is recorded with a hash of its text.
enum MigrationRunner {
  struct Step {
    let number: Int64
    let name: String
    let text: [UInt8]
    var hash: [UInt8] { SHA256Digest.hash(text) }
  }

  /// The migrations that are part of this binary.
  static var builtIn: [Step] {
    (0..<roost_migrations_count()).map { position in
      let migration = roost_migration_at(position)
      return Step(
        number: Int64(migration.number), name: String(cString: migration.name),
        text: Array(UnsafeBufferPointer(start: migration.sqlite, count: migration.sqlite_count)))
    }
  }

  /// Each step is one transaction: if it fails, the database stands as before it.
  static func run(_ steps: [Step], on database: Database, path: String, at now: Timestamp) throws {
    try database.runScript(
      """
      CREATE TABLE IF NOT EXISTS migrations (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL, hash BLOB NOT NULL, applied INTEGER NOT NULL
      ) STRICT
      """)
    guard try !check(steps, on: database, path: path) else { return }
    for step in steps {
      try database.run("BEGIN IMMEDIATE")
      do {
        // Another process may have been quicker.
        if try database.first("SELECT 1 FROM migrations WHERE number = ?", .int(step.number), row: { _ in true }) == nil {
          try database.runScript(String(decoding: step.text, as: UTF8.self))
          try database.run(
            "INSERT INTO migrations (number, name, hash, applied) VALUES (?, ?, ?, ?)", .int(step.number), .text(step.name), .blob(step.hash),
            .int(now.milliseconds))
        }
        try database.run("COMMIT")
      } catch {
        if database.isInTransaction { try? database.run("ROLLBACK") }
        throw StorageStartError("The database \(path) could not be brought up to date (step \(step.number), \(step.name)): \(error). Nothing was changed.")
      }
    }
  }

  /// True if there is nothing to do. Refuses a database that this binary does not understand.
  private static func check(_ steps: [Step], on database: Database, path: String) throws -> Bool {
    let applied = try database.rows("SELECT number, name, hash FROM migrations ORDER BY number") { ($0.int(0), $0.text(1), $0.blob(2)) }
    for (number, name, hash) in applied {
      guard let step = steps.first(where: { $0.number == number }) else {
        throw StorageStartError(
          "The database \(path) was written by a newer version of Roost (it has step \(number), \(name)). Start that version, or restore a backup.")
      }
      guard step.hash == hash else {
        throw StorageStartError("The database \(path) does not fit this build of Roost: step \(number), \(name), was different when it was applied.")
      }
    }
    return applied.count == steps.count
  }
}
