import Core

extension SQLiteAccountStore {
  func createAdmin(_ admin: Admin, repeatable: Repeatable<Admin>?) async throws {
    try await writer.write { transaction in
      _ = try transaction.once(repeatable) {
        do {
          try transaction.database.run(
            "INSERT INTO admins (id, email, password_hash, created) VALUES (?, ?, ?, ?)", .text(admin.id), .text(admin.email),
            .text(admin.passwordHash), .int(admin.created.milliseconds))
        } catch let error as SQLiteError where error.isUniqueViolation {
          throw RoostError(.alreadyExists, "There is already an admin with this address.")
        }
        return admin
      }
    }
  }

  func admin(email: EmailAddress) async throws -> Admin? {
    try await readers.read { try $0.admins(where: "email = ?", .text(email.text)).first }
  }

  func admins() async throws -> [Admin] {
    try await readers.read { try $0.admins(where: "true ORDER BY email") }
  }

  func deleteAdmin(email: EmailAddress) async throws -> Bool {
    try await writer.write { transaction in
      let database = transaction.database
      guard let id = try database.first("SELECT id FROM admins WHERE email = ?", .text(email.text), row: { $0.text(0) }) else { return false }
      try database.run("DELETE FROM admin_sessions WHERE admin_id = ?", .text(id))
      try database.run("DELETE FROM admins WHERE id = ?", .text(id))
      return true
    }
  }

  /// Also ends the admin's sessions: whoever knew the old password is out.
  func setAdminPasswordHash(_ hash: String, email: EmailAddress) async throws -> Bool {
    try await writer.write { transaction in
      let database = transaction.database
      guard let id = try database.first("SELECT id FROM admins WHERE email = ?", .text(email.text), row: { $0.text(0) }) else { return false }
      try database.run("UPDATE admins SET password_hash = ? WHERE id = ?", .text(hash), .text(id))
      try database.run("DELETE FROM admin_sessions WHERE admin_id = ?", .text(id))
      return true
    }
  }

  func createAdminSession(hash: [UInt8], adminID: String, expires: Timestamp) async throws {
    try await writer.write { transaction in
      let database = transaction.database
      try database.run("DELETE FROM admin_sessions WHERE expires < ?", .int(transaction.now.milliseconds))
      try database.run("INSERT INTO admin_sessions (hash, admin_id, expires) VALUES (?, ?, ?)", .blob(hash), .text(adminID), .int(expires.milliseconds))
    }
  }

  func adminSession(hash: [UInt8], at now: Timestamp) async throws -> Admin? {
    try await readers.read { database in
      try database.admins(
        where: "id = (SELECT admin_id FROM admin_sessions WHERE hash = ? AND expires > ?)", .blob(hash), .int(now.milliseconds)
      ).first
    }
  }

  func deleteAdminSession(hash: [UInt8]) async throws {
    try await change("DELETE FROM admin_sessions WHERE hash = ?", .blob(hash))
  }

  // MARK: API keys

  func createKey(_ key: APIKey, hash: [UInt8], repeatable: Repeatable<APIKey>?) async throws {
    try await writer.write { transaction in
      _ = try transaction.once(repeatable) {
        try transaction.database.run(
          "INSERT INTO api_keys (id, hash, name, created) VALUES (?, ?, ?, ?)", .text(key.id), .blob(hash), .text(key.name),
          .int(key.created.milliseconds))
        return key
      }
    }
  }

  func key(hash: [UInt8]) async throws -> APIKey? {
    try await readers.read { try $0.keys(where: "hash = ?", .blob(hash)).first }
  }

  func keys() async throws -> [APIKey] {
    try await readers.read { try $0.keys(where: "true ORDER BY created, id") }
  }

  func deleteKey(id: String) async throws -> Bool {
    try await change("DELETE FROM api_keys WHERE id = ?", .text(id)) > 0
  }
}

extension Database {
  fileprivate func admins(where condition: String, _ values: SQLValue...) throws -> [Admin] {
    try rows("SELECT id, email, password_hash, created FROM admins WHERE \(condition)", values) { row in
      Admin(id: row.text(0), email: row.text(1), passwordHash: row.text(2), created: Timestamp(milliseconds: row.int(3)))
    }
  }

  fileprivate func keys(where condition: String, _ values: SQLValue...) throws -> [APIKey] {
    try rows("SELECT id, name, created FROM api_keys WHERE \(condition)", values) { row in
      APIKey(id: row.text(0), name: row.text(1), created: Timestamp(milliseconds: row.int(2)))
    }
  }
}
