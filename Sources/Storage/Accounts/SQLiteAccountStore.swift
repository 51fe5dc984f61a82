import Core
import JSON

/// Credentials, sessions, admins and keys in SQLite.
final class SQLiteAccountStore: AccountStore {
  let writer: Writer
  let readers: ReaderPool

  init(writer: Writer, readers: ReaderPool) {
    self.writer = writer
    self.readers = readers
  }

  // MARK: Users

  func register(
    profile: DocumentWrite, email: EmailAddress?, passwordHash: String?, isDisabled: Bool, session: Session?, refreshHash: [UInt8]?,
    repeatable: Repeatable<DocumentRecord>?
  ) async throws -> DocumentRecord {
    try await writer.write { transaction in
      try transaction.once(repeatable) {
        let database = transaction.database
        if let email, try database.credential(where: "email = ?", .text(email.text)) != nil {
          throw RoostError(.alreadyExists, "There is already an account with this address.")
        }
        guard let record = try transaction.apply(profile).after else {
          throw RoostError(.internal, "Registering an account stored no profile.")
        }
        try database.run(
          "INSERT INTO credentials (user_id, email, email_verified, password_hash, disabled, roles) VALUES (?, ?, 0, ?, ?, '[]')", .text(record.id),
          SQLValue(email?.text), SQLValue(passwordHash), SQLValue(isDisabled))
        // The id of a new profile is made here, so the session gets its user here too.
        if let session, let refreshHash { try transaction.insert(session, userID: record.id, refreshHash: refreshHash) }
        return record
      }
    }
  }

  func credential(email: EmailAddress) async throws -> Credential? {
    try await readers.read { try $0.credential(where: "email = ?", .text(email.text)) }
  }

  func credential(userID: String) async throws -> Credential? {
    try await readers.read { try $0.credential(where: "user_id = ?", .text(userID)) }
  }

  func setPasswordHash(_ hash: String, userID: String) async throws {
    try await change("UPDATE credentials SET password_hash = ? WHERE user_id = ?", .text(hash), .text(userID))
  }

  func setDisabled(_ isDisabled: Bool, userID: String) async throws {
    try await change("UPDATE credentials SET disabled = ? WHERE user_id = ?", SQLValue(isDisabled), .text(userID))
  }

  func deleteUser(profile: DocumentWrite, userID: String) async throws -> [String]? {
    try await writer.write { transaction in
      let hadCredential = try transaction.database.credential(where: "user_id = ?", .text(userID)) != nil
      let ended = try transaction.revokeSessions(userID: userID, at: transaction.now)
      let outcome = try transaction.apply(profile)
      try transaction.deleteAccount(userID: userID, at: transaction.now)
      return hadCredential || outcome.before != nil ? ended : nil
    }
  }

  // MARK: Signing keys

  func signingKeys() async throws -> [[UInt8]] {
    try await readers.read { try $0.rows("SELECT sealed FROM signing_keys ORDER BY created DESC, id DESC") { $0.blob(0) } }
  }

  func addSigningKey(id: String, sealed: [UInt8], at now: Timestamp) async throws {
    try await change("INSERT INTO signing_keys (id, sealed, created) VALUES (?, ?, ?)", .text(id), .blob(sealed), .int(now.milliseconds))
  }

  /// One statement as one commit. Returns how many rows it changed.
  @discardableResult
  func change(_ sql: String, _ values: SQLValue...) async throws -> Int {
    try await writer.write { transaction in
      try transaction.database.run(sql, values)
      return transaction.database.changedRows
    }
  }
}

extension Database {
  func credential(where condition: String, _ value: SQLValue) throws -> Credential? {
    try first("SELECT user_id, email, email_verified, password_hash, disabled, roles FROM credentials WHERE \(condition)", value) { row in
      Credential(
        userID: row.text(0), email: row.optionalText(1), emailVerified: row.bool(2), passwordHash: row.optionalText(3), isDisabled: row.bool(4),
        roles: (try JSONValue(parsing: row.bytes(5))).arrayValue?.compactMap(\.stringValue) ?? [])
    }
  }
}

extension WriteTransaction {
  /// Everything that lets this user sign in or stay signed in.
  func deleteAccount(userID: String, at now: Timestamp) throws {
    _ = try revokeSessions(userID: userID, at: now)
    try database.run("DELETE FROM credentials WHERE user_id = ?", .text(userID))
  }
}
