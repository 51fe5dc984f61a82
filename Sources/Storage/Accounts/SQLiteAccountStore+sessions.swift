import Core
import JSON

extension SQLiteAccountStore {
  func createSession(_ session: Session, refreshHash: [UInt8], passwordHash: String?) async throws -> Bool {
    try await writer.write { transaction in
      guard let credential = try transaction.database.credential(where: "user_id = ?", .text(session.userID)), !credential.isDisabled,
        credential.passwordHash == passwordHash
      else { return false }
      try transaction.insert(session, userID: session.userID, refreshHash: refreshHash)
      try transaction.appendSignedIn(session)
      return true
    }
  }

  func rotate(refreshHash: [UInt8], to newHash: [UInt8], at now: Timestamp) async throws -> RefreshOutcome {
    try await writer.write { transaction in
      let database = transaction.database
      let token = try database.first("SELECT session_id, spent FROM refresh_tokens WHERE hash = ?", .blob(refreshHash)) { ($0.text(0), $0.bool(1)) }
      guard let (sessionID, isSpent) = token, let old = try database.sessions(where: "id = ?", .text(sessionID)).first else { return .unknown }
      guard !isSpent else {
        try transaction.revoke(sessionID, at: now)
        return .reused(sessionID: sessionID)
      }
      guard now < old.expires, let credential = try database.credential(where: "user_id = ?", .text(old.userID)) else {
        try transaction.revoke(sessionID, at: now)
        return .unknown
      }
      let session = Session(
        id: old.id, userID: old.userID, created: old.created, lastUsed: now, expires: now + Limits.sessionLifetime, address: old.address,
        userAgent: old.userAgent)
      try database.run("UPDATE refresh_tokens SET spent = 1 WHERE hash = ?", .blob(refreshHash))
      try database.run("INSERT INTO refresh_tokens (hash, session_id, spent) VALUES (?, ?, 0)", .blob(newHash), .text(sessionID))
      try database.run(
        "UPDATE sessions SET last_used = ?, expires = ? WHERE id = ?", .int(now.milliseconds), .int(session.expires.milliseconds), .text(sessionID))
      return .rotated(session, credential, profile: try database.profile(userID: old.userID))
    }
  }

  func sessions(userID: String) async throws -> [Session] {
    try await readers.read { try $0.sessions(where: "user_id = ? ORDER BY last_used DESC, id LIMIT 1000", .text(userID)) }
  }

  func revokeSession(_ id: String, userID: String, at now: Timestamp) async throws -> Bool {
    try await writer.write { transaction in
      guard try transaction.database.sessions(where: "id = ?", .text(id)).first?.userID == userID else { return false }
      try transaction.revoke(id, at: now)
      return true
    }
  }

  func revokeSessions(userID: String, at now: Timestamp) async throws -> [String] {
    try await writer.write { try $0.revokeSessions(userID: userID, at: now) }
  }

  func revokedSessions(since moment: Timestamp) async throws -> [String] {
    try await readers.read { database in
      try database.rows("SELECT id FROM revoked_sessions WHERE revoked >= ? ORDER BY revoked, id", .int(moment.milliseconds)) { $0.text(0) }
    }
  }
}

extension Database {
  fileprivate func sessions(where condition: String, _ value: SQLValue) throws -> [Session] {
    try rows("SELECT id, user_id, created, last_used, expires, address, user_agent FROM sessions WHERE \(condition)", value) { row in
      Session(
        id: row.text(0), userID: row.text(1), created: Timestamp(milliseconds: row.int(2)), lastUsed: Timestamp(milliseconds: row.int(3)),
        expires: Timestamp(milliseconds: row.int(4)), address: row.text(5), userAgent: row.text(6))
    }
  }

  fileprivate func profile(userID: String) throws -> DocumentRecord? {
    guard let number = try first("SELECT number FROM collections WHERE name = ?", .text(Collection.users), row: { $0.int(0) }) else { return nil }
    return try document(userID, in: number)
  }
}

extension WriteTransaction {
  /// What is over goes as new sessions come, a few at a time.
  private static let expiredPerLogin = 20

  func insert(_ session: Session, userID: String, refreshHash: [UInt8]) throws {
    let over = try database.rows(
      "SELECT id FROM sessions WHERE expires < ? ORDER BY expires LIMIT ?", .int(session.created.milliseconds), .int(Int64(Self.expiredPerLogin))
    ) { $0.text(0) }
    for id in over { try deleteSession(id) }
    try database.run(
      "INSERT INTO sessions (id, user_id, created, last_used, expires, address, user_agent) VALUES (?, ?, ?, ?, ?, ?, ?)", .text(session.id),
      .text(userID), .int(session.created.milliseconds), .int(session.lastUsed.milliseconds), .int(session.expires.milliseconds), .text(session.address),
      .text(session.userAgent))
    try database.run("INSERT INTO refresh_tokens (hash, session_id, spent) VALUES (?, ?, 0)", .blob(refreshHash), .text(session.id))
  }

  /// For functions with a user trigger.
  fileprivate func appendSignedIn(_ session: Session) throws {
    let told: JSONValue = ["id": .string(session.id), "address": .string(session.address), "userAgent": .string(session.userAgent)]
    let auth: JSONValue = ["type": "user", "id": .string(session.userID)]
    try append(
      kind: .user, action: .signedIn, container: Collection.users, subject: session.userID, before: told.bytes(),
      after: try database.profile(userID: session.userID)?.json(), actor: EventActor(auth: auth.bytes(), depth: 0), at: session.created)
  }

  /// Ends a session. Its access tokens may outlive it by their own lifetime, so its id is remembered for that long.
  fileprivate func revoke(_ id: String, at now: Timestamp) throws {
    try deleteSession(id)
    let oldest = now + (.zero - Limits.accessTokenLifetime * 2)
    try database.run("DELETE FROM revoked_sessions WHERE revoked < ?", .int(oldest.milliseconds))
    try database.run("INSERT OR REPLACE INTO revoked_sessions (id, revoked) VALUES (?, ?)", .text(id), .int(now.milliseconds))
  }

  fileprivate func deleteSession(_ id: String) throws {
    try database.run("DELETE FROM refresh_tokens WHERE session_id = ?", .text(id))
    try database.run("DELETE FROM sessions WHERE id = ?", .text(id))
  }

  func revokeSessions(userID: String, at now: Timestamp) throws -> [String] {
    let ids = try database.rows("SELECT id FROM sessions WHERE user_id = ?", .text(userID)) { $0.text(0) }
    for id in ids { try revoke(id, at: now) }
    return ids
  }
}
