import JSON

/// What the server keeps of a user besides the profile document: how they sign in. Never shown to anybody.
package struct Credential: Sendable {
  package let userID: String
  package let email: String?
  package let emailVerified: Bool
  package let passwordHash: String?
  package let isDisabled: Bool
  package let roles: [String]

  package init(userID: String, email: String?, emailVerified: Bool, passwordHash: String?, isDisabled: Bool, roles: [String]) {
    self.userID = userID
    self.email = email
    self.emailVerified = emailVerified
    self.passwordHash = passwordHash
    self.isDisabled = isDisabled
    self.roles = roles
  }
}

/// One signed-in device of a user: lives as long as its refresh tokens are rotated.
package struct Session: Sendable {
  package let id: String
  package let userID: String
  package let created: Timestamp
  package let lastUsed: Timestamp
  package let expires: Timestamp
  package let address: String
  package let userAgent: String

  package init(id: String, userID: String, created: Timestamp, lastUsed: Timestamp, expires: Timestamp, address: String, userAgent: String) {
    self.id = id
    self.userID = userID
    self.created = created
    self.lastUsed = lastUsed
    self.expires = expires
    self.address = address
    self.userAgent = userAgent
  }
}

package struct Admin: Sendable {
  package let id: String
  package let email: String
  package let passwordHash: String
  package let created: Timestamp

  package init(id: String, email: String, passwordHash: String, created: Timestamp) {
    self.id = id
    self.email = email
    self.passwordHash = passwordHash
    self.created = created
  }
}

/// What became of a refresh token that somebody presented.
package enum RefreshOutcome: Sendable {
  /// The old token is spent, the new one stored, in one commit.
  case rotated(Session, Credential, profile: DocumentRecord?)
  /// A spent token came back: somebody has a copy, so its whole session was ended (RFC 9700, section 4.14.2).
  case reused(sessionID: String)
  case unknown
}

/// Users' credentials and sessions, admins, and the project's keys. Every change is one commit.
/// Errors: `already_exists` for a second account of one address; what the database reports is mapped by code.
package protocol AccountStore: Sendable {
  /// Writes the profile document (with its event), the credential and the first session in one commit.
  func register(
    profile: DocumentWrite, email: EmailAddress?, passwordHash: String?, isDisabled: Bool, session: Session?, refreshHash: [UInt8]?,
    repeatable: Repeatable<DocumentRecord>?
  ) async throws -> DocumentRecord
  func credential(email: EmailAddress) async throws -> Credential?
  func credential(userID: String) async throws -> Credential?
  func setPasswordHash(_ hash: String, userID: String) async throws
  func setDisabled(_ isDisabled: Bool, userID: String) async throws
  /// Deletes the profile (with its event), the credential and all sessions in one commit. Returns the sessions that this ended; nil if there is
  /// no such user.
  func deleteUser(profile: DocumentWrite, userID: String) async throws -> [String]?

  /// False, and nothing is stored, where the account is gone, disabled or has another password by now: checking a password takes long
  /// enough for that to happen in between.
  func createSession(_ session: Session, refreshHash: [UInt8], passwordHash: String?) async throws -> Bool
  func rotate(refreshHash: [UInt8], to newHash: [UInt8], at now: Timestamp) async throws -> RefreshOutcome
  func sessions(userID: String) async throws -> [Session]
  /// Ends one session; its id is kept as revoked until the last access token of it has expired. False if there was none.
  func revokeSession(_ id: String, userID: String, at now: Timestamp) async throws -> Bool
  func revokeSessions(userID: String, at now: Timestamp) async throws -> [String]
  /// Sessions ended since `moment`: their access tokens are refused although not yet expired.
  func revokedSessions(since moment: Timestamp) async throws -> [String]

  func createAdmin(_ admin: Admin, repeatable: Repeatable<Admin>?) async throws
  func admin(email: EmailAddress) async throws -> Admin?
  func admins() async throws -> [Admin]
  func deleteAdmin(email: EmailAddress) async throws -> Bool
  func setAdminPasswordHash(_ hash: String, email: EmailAddress) async throws -> Bool
  func createAdminSession(hash: [UInt8], adminID: String, expires: Timestamp) async throws
  func adminSession(hash: [UInt8], at now: Timestamp) async throws -> Admin?
  func deleteAdminSession(hash: [UInt8]) async throws

  func createKey(_ key: APIKey, hash: [UInt8], repeatable: Repeatable<APIKey>?) async throws
  func key(hash: [UInt8]) async throws -> APIKey?
  func keys() async throws -> [APIKey]
  func deleteKey(id: String) async throws -> Bool

  /// Sealed secret keys, newest first.
  func signingKeys() async throws -> [[UInt8]]
  func addSigningKey(id: String, sealed: [UInt8], at now: Timestamp) async throws
}

package struct APIKey: Sendable {
  package let id: String
  package let name: String
  package let created: Timestamp

  package init(id: String, name: String, created: Timestamp) {
    self.id = id
    self.name = name
    self.created = created
  }
}
