import Core

/// Sealed secrets in SQLite.
final class SQLiteSecretStore: SecretStore {
  private let writer: Writer
  private let readers: ReaderPool

  init(writer: Writer, readers: ReaderPool) {
    self.writer = writer
    self.readers = readers
  }

  func secrets() async throws -> [SealedSecret] {
    try await readers.read { database in
      try database.rows("SELECT function, name, sealed, created, updated FROM secrets ORDER BY function, name") { row in
        let function = row.text(0)
        return SealedSecret(
          function: function.isEmpty ? nil : function, name: row.text(1), sealed: row.bytes(2), created: Timestamp(milliseconds: row.int(3)),
          updated: Timestamp(milliseconds: row.int(4)))
      }
    }
  }

  func putSecret(_ name: String, of function: String?, sealed: [UInt8], at now: Timestamp) async throws -> Bool {
    try await writer.write { transaction in
      let database = transaction.database
      let owner = SQLValue.text(function ?? "")
      try database.run(
        "UPDATE secrets SET sealed = ?, updated = ? WHERE function = ? AND name = ?", .blob(sealed), .int(now.milliseconds), owner, .text(name))
      guard database.changedRows == 0 else { return false }
      let count = try database.first("SELECT count(*) FROM secrets WHERE function = ?", owner) { $0.int(0) } ?? 0
      guard count < Limits.secretsMax else { throw RoostError(.conflict, "There are at most \(Limits.secretsMax) secrets; delete one first.") }
      try database.run(
        "INSERT INTO secrets (function, name, sealed, created, updated) VALUES (?, ?, ?, ?, ?)", owner, .text(name), .blob(sealed),
        .int(now.milliseconds), .int(now.milliseconds))
      return true
    }
  }

  func deleteSecret(_ name: String, of function: String?) async throws -> Bool {
    try await writer.write { transaction in
      try transaction.database.run("DELETE FROM secrets WHERE function = ? AND name = ?", .text(function ?? ""), .text(name))
      return transaction.database.changedRows > 0
    }
  }
}
