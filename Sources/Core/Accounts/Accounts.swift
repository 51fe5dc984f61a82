import JSON
import Synchronization

/// Registering, signing in, staying signed in and signing out, for one project.
package final class Accounts: Sendable {
  private let project: Project
  private let passwords: PasswordPool
  private let signer: AccessTokenSigner
  private let clock: any WallClock
  private let throttle = Mutex(LoginThrottle())
  private let revoked: RevokedSessions

  package init(project: Project, passwords: PasswordPool, signer: AccessTokenSigner, revoked: RevokedSessions, clock: any WallClock) {
    self.project = project
    self.passwords = passwords
    self.signer = signer
    self.revoked = revoked
    self.clock = clock
  }

  package var keySet: JSONValue { signer.keySet }

  /// Throws `already_exists` where the address has an account: registering cannot hide that without an email in between.
  package func register(_ registration: Registration, from origin: Origin) async throws -> SignedIn {
    let hash = try await passwords.hash(registration.password)
    var generator = IdentifierGenerator()
    let id = generator.next(at: clock.now())
    let session = makeSession(userID: id, origin: origin)
    let refresh = OpaqueToken.make(.refresh)
    let record = try await createUser(
      id: id, registration: registration, hash: hash, caller: .anonymous, origin: origin, session: session, refresh: refresh)
    let user = UserIdentity(id: id, email: registration.email.text, emailVerified: false, roles: [], sessionID: session.id)
    return SignedIn(user: user, profile: record, accessToken: signer.issue(to: user, at: clock.now()), refreshToken: refresh.text)
  }

  /// For admins: an account without a session.
  package func create(
    _ registration: Registration, by caller: Caller, repeatable: Repeatable<DocumentRecord>? = nil
  ) async throws -> DocumentRecord {
    let hash = try await passwords.hash(registration.password)
    var generator = IdentifierGenerator()
    let id = generator.next(at: clock.now())
    return try await createUser(
      id: id, registration: registration, hash: hash, caller: caller, origin: nil, session: nil, refresh: nil, repeatable: repeatable)
  }

  private func createUser(
    id: String, registration: Registration, hash: String, caller: Caller, origin: Origin?, session: Session?, refresh: OpaqueToken?,
    repeatable: Repeatable<DocumentRecord>? = nil
  ) async throws -> DocumentRecord {
    // Whoever registers writes their profile's fields as the user that they are about to be.
    let user = UserIdentity(id: id, email: registration.email.text, emailVerified: false, roles: [], sessionID: session?.id ?? "")
    let request = RuleRequest(method: "POST", ip: origin?.address ?? "", time: clock.now(), query: { [] }, headers: { [] })
    let access = DocumentAccess(
      collection: try project.collection(Collection.users), caller: caller.passesRules ? caller : .user(user),
      variables: RuleVariables(caller: .user(user), request: request))
    let write = DocumentWrite(collection: access.collection, id: id, actor: EventActor(caller)) { moment in
      .store(body: try access.registration(registration, moment))
    }
    return try await project.accounts.register(
      profile: write, email: registration.email, passwordHash: hash, isDisabled: registration.isDisabled && caller.passesRules, session: session,
      refreshHash: refresh?.hash, repeatable: repeatable)
  }

  /// One answer, and one duration, for a wrong password and for an account that does not exist.
  package func login(email: String, password: String, from origin: Origin) async throws -> SignedIn {
    let account = email.lowercased()
    try requireNotThrottled(account: account, address: origin.address)
    let credential: Credential? = if let email = EmailAddress(email) { try await project.accounts.credential(email: email) } else { nil }
    let fits = password.utf8.count <= Limits.passwordBytesMax
    let matches = try await passwords.verify(fits ? password : "", against: fits ? credential?.passwordHash : nil)
    guard matches, let credential, !credential.isDisabled else {
      throttle.withLock { $0.failed(account: account, address: origin.address, at: clock.now()) }
      throw Self.wrongCredentials
    }
    throttle.withLock { $0.succeeded(account: account) }
    let session = makeSession(userID: credential.userID, origin: origin)
    let refresh = OpaqueToken.make(.refresh)
    guard try await project.accounts.createSession(session, refreshHash: refresh.hash, passwordHash: credential.passwordHash) else {
      throw Self.wrongCredentials
    }
    let profile = try await project.documents.get(credential.userID, in: project.collection(Collection.users))
    return signedIn(credential, session, profile, refresh)
  }

  /// Each refresh token works once. One that comes back after its use ends its whole session.
  package func refresh(_ text: String) async throws -> SignedIn {
    let invalid = RoostError(.tokenInvalid, "The refresh token is not valid any more. Sign in again.")
    guard let presented = OpaqueToken(presented: text), presented.kind == .refresh else { throw invalid }
    let next = OpaqueToken.make(.refresh)
    switch try await project.accounts.rotate(refreshHash: presented.hash, to: next.hash, at: clock.now()) {
    case .rotated(let session, let credential, let profile):
      guard !credential.isDisabled else { throw invalid }
      return signedIn(credential, session, profile, next)
    case .reused(let sessionID):
      revoked.insert(sessionID, at: clock.now())
      throw invalid
    case .unknown:
      throw invalid
    }
  }

  package func logout(_ user: UserIdentity) async throws {
    _ = try await endSession(user.sessionID, of: user.id)
  }

  /// False if the user has no such session.
  package func endSession(_ id: String, of userID: String) async throws -> Bool {
    let existed = try await project.accounts.revokeSession(id, userID: userID, at: clock.now())
    if existed { revoked.insert(id, at: clock.now()) }
    return existed
  }

  package func endSessions(of userID: String) async throws {
    for id in try await project.accounts.revokeSessions(userID: userID, at: clock.now()) { revoked.insert(id, at: clock.now()) }
  }

  package func setPassword(_ password: String, userID: String) async throws {
    try await project.accounts.setPasswordHash(passwords.hash(password), userID: userID)
    try await endSessions(of: userID)
  }

  package func setDisabled(_ isDisabled: Bool, userID: String) async throws {
    try await project.accounts.setDisabled(isDisabled, userID: userID)
    if isDisabled { try await endSessions(of: userID) }
  }

  package func delete(userID: String, by caller: Caller) async throws -> Bool {
    let write = DocumentWrite(collection: try project.collection(Collection.users), id: userID, actor: EventActor(caller)) { moment in
      guard moment.current != nil else { return .keep }
      try moment.settleDeletion()
      return .delete
    }
    guard let ended = try await project.accounts.deleteUser(profile: write, userID: userID) else { return false }
    for id in ended { revoked.insert(id, at: clock.now()) }
    return true
  }

  /// The admin's session token, which is opaque: it can be ended at once.
  package func adminLogin(email: String, password: String, from origin: Origin) async throws -> (Admin, token: String) {
    let account = "admin " + email.lowercased()
    try requireNotThrottled(account: account, address: origin.address)
    let admin: Admin? = if let email = EmailAddress(email) { try await project.accounts.admin(email: email) } else { nil }
    let fits = password.utf8.count <= Limits.passwordBytesMax
    let matches = try await passwords.verify(fits ? password : "", against: fits ? admin?.passwordHash : nil)
    guard matches, let admin else {
      throttle.withLock { $0.failed(account: account, address: origin.address, at: clock.now()) }
      throw Self.wrongCredentials
    }
    throttle.withLock { $0.succeeded(account: account) }
    let token = OpaqueToken.make(.adminSession)
    try await project.accounts.createAdminSession(hash: token.hash, adminID: admin.id, expires: clock.now() + Limits.adminSessionLifetime)
    return (admin, token.text)
  }

  /// Throws `validation_failed` for a bad address or password, `already_exists`.
  package func createAdmin(email: String, password: String, repeatable: Repeatable<Admin>? = nil) async throws -> Admin {
    try await Self.createAdmin(
      email: email, password: password, store: project.accounts, passwords: passwords, clock: clock, repeatable: repeatable)
  }

  /// The same on the data folder alone, for the command line.
  package static func createAdmin(
    email: String, password: String, store: any AccountStore, passwords: PasswordPool, clock: any WallClock,
    repeatable: Repeatable<Admin>? = nil
  ) async throws -> Admin {
    guard let email = EmailAddress(email) else {
      throw RoostError(.validationFailed, "The email address is not valid.", fields: [FieldError("/email", "expected an email address")])
    }
    try requireGood(password)
    var generator = IdentifierGenerator()
    let now = clock.now()
    let admin = Admin(id: generator.next(at: now), email: email.text, passwordHash: try await passwords.hash(password), created: now)
    try await store.createAdmin(admin, repeatable: repeatable)
    return admin
  }

  /// False if there is no such admin.
  package func setAdminPassword(_ password: String, email: String) async throws -> Bool {
    try Self.requireGood(password)
    guard let email = EmailAddress(email) else { return false }
    return try await project.accounts.setAdminPasswordHash(passwords.hash(password), email: email)
  }

  private static func requireGood(_ password: String) throws {
    if let problem = Registration.problem(ofPassword: password) {
      throw RoostError(.validationFailed, "The password is not good enough: \(problem).", fields: [FieldError("/password", problem)])
    }
  }

  private func requireNotThrottled(account: String, address: String) throws {
    if let wait = throttle.withLock({ $0.wait(account: account, address: address, at: clock.now()) }) {
      throw RoostError(.tooManyRequests, "Too many failed logins. Wait a while, then try again.", retryAfter: wait)
    }
  }

  private static let wrongCredentials = RoostError(.invalidCredentials, "The email address or the password is wrong.")

  private func signedIn(_ credential: Credential, _ session: Session, _ profile: DocumentRecord?, _ refresh: OpaqueToken) -> SignedIn {
    let user = UserIdentity(
      id: credential.userID, email: credential.email, emailVerified: credential.emailVerified, roles: credential.roles,
      sessionID: session.id)
    return SignedIn(user: user, profile: profile, accessToken: signer.issue(to: user, at: clock.now()), refreshToken: refresh.text)
  }

  private func makeSession(userID: String, origin: Origin) -> Session {
    let now = clock.now()
    return Session(
      id: Base64URL.encode(SecureRandom.bytes(15)), userID: userID, created: now, lastUsed: now, expires: now + Limits.sessionLifetime,
      address: origin.address, userAgent: String(origin.userAgent.prefix(256)))
  }
}

/// Where a login comes from, for the list of sessions.
package struct Origin: Sendable {
  package let address: String
  package let userAgent: String

  package init(address: String, userAgent: String) {
    self.address = address
    self.userAgent = userAgent
  }
}

package struct SignedIn: Sendable {
  package let user: UserIdentity
  package let profile: DocumentRecord?
  package let accessToken: String
  package let refreshToken: String
}
