import Synchronization

/// Turns an `Authorization` header into a caller. A bad or expired token is an error, never an anonymous caller.
package final class Authenticator: Sendable {
  private struct Caches {
    var users: [String: VerifiedToken] = [:]
    var admins: [String: (caller: Caller, until: Timestamp)] = [:]
  }

  private let project: Project
  private let signer: AccessTokenSigner
  private let revoked: RevokedSessions
  private let clock: any WallClock
  private let caches = Mutex(Caches())
  private let forgettings = Atomic(0)

  package init(project: Project, signer: AccessTokenSigner, revoked: RevokedSessions, clock: any WallClock) {
    self.project = project
    self.signer = signer
    self.revoked = revoked
    self.clock = clock
  }

  package enum Outcome: Sendable {
    case caller(Caller)
    /// The store must be asked: go on with `look(up:)`.
    case unknown(OpaqueToken)
  }

  /// Answers without waiting where it can: no token, an access token, or an opaque token seen within the last seconds.
  package func authenticate(authorization: String?) throws -> Outcome {
    guard let authorization else { return .caller(.anonymous) }
    guard let token = Self.bearer(authorization) else {
      throw RoostError(.tokenInvalid, "The Authorization header is not understood: expected `Bearer <token>`.")
    }
    let now = clock.now()
    if let opaque = OpaqueToken(presented: token) {
      guard opaque.kind == .adminSession || opaque.kind == .apiKey else { throw Self.unknownToken }
      if let known = caches.withLock({ $0.admins[token] }), known.until > now { return .caller(known.caller) }
      return .unknown(opaque)
    }
    return .caller(.user(try user(token, at: now).user))
  }

  private func user(_ token: String, at now: Timestamp) throws -> VerifiedToken {
    if let known = caches.withLock({ $0.users[token] }), known.expires > now {
      try requireNotRevoked(known.user)
      return known
    }
    let verified = try signer.verify(token, at: now)
    try requireNotRevoked(verified.user)
    caches.withLock { caches in
      if caches.users.count >= Limits.tokenCacheEntriesMax { caches.users.removeAll(keepingCapacity: true) }
      caches.users[token] = verified
    }
    return verified
  }

  private func requireNotRevoked(_ user: UserIdentity) throws {
    if revoked.contains(user.sessionID) { throw RoostError(.tokenInvalid, "This session was ended. Sign in again.") }
  }

  /// Asks the store about an admin's session token or an API key.
  package func look(up token: OpaqueToken) async throws -> Caller {
    let now = clock.now()
    let caller: Caller
    if token.kind == .apiKey {
      guard let key = try await project.accounts.key(hash: token.hash) else { throw Self.unknownToken }
      caller = .key(id: key.id)
    } else {
      guard let admin = try await project.accounts.adminSession(hash: token.hash, at: now) else { throw Self.unknownToken }
      caller = .admin(id: admin.id, email: admin.email)
    }
    caches.withLock { caches in
      if caches.admins.count >= 1024 { caches.admins.removeAll() }
      // Short, because another process (the command line on the data folder) may revoke without telling us.
      caches.admins[token.text] = (caller, now + .seconds(5))
    }
    return caller
  }

  /// Call after an opaque token was revoked.
  package func forgetOpaqueTokens() {
    caches.withLock { $0.admins.removeAll() }
    forgettings.add(1, ordering: .releasing)
  }

  // MARK: Answers that last

  /// What an answer to this header rests on. Call after `authenticate`.
  package func credential(authorization: String?) throws -> LiveCredential {
    guard let token = authorization.flatMap(Self.bearer) else { return .none }
    if let opaque = OpaqueToken(presented: token) { return .opaque(opaque.text) }
    let verified = try user(token, at: clock.now())
    return .user(session: verified.user.sessionID, until: verified.expires)
  }

  /// Why an answer that rests on it has to end now, as far as memory tells; for opaque tokens the store must be asked.
  package func end(of credential: LiveCredential, at now: Timestamp) -> LiveEnd? {
    guard case .user(let session, let until) = credential else { return nil }
    if revoked.contains(session) { return .sessionEnded }
    return until <= now ? .tokenExpired : nil
  }

  /// Whether the store still knows the token.
  package func knows(opaque text: String) async throws -> Bool {
    guard let token = OpaqueToken(presented: text) else { return false }
    do {
      _ = try await look(up: token)
      return true
    } catch let error as RoostError where error.code == .tokenInvalid {
      return false
    }
  }

  /// Throws what authenticating would throw now, for a request that has waited.
  package func requireStillGood(authorization: String?) async throws {
    if case .unknown(let token) = try authenticate(authorization: authorization) { _ = try await look(up: token) }
  }

  /// Goes up with each session that ends.
  package var sessionsVersion: Int { revoked.version }
  /// Goes up when opaque tokens have been revoked.
  package var opaqueTokensVersion: Int { forgettings.load(ordering: .acquiring) }

  private static let unknownToken = RoostError(.tokenInvalid, "The token is not known to this server, or it was revoked or has expired.")

  /// RFC 6750, section 2.1; the scheme's name does not depend on case (RFC 9110, section 11.1).
  private static func bearer(_ header: String) -> String? {
    let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    let token = String(parts[1].drop { $0 == " " })
    return token.isEmpty || token.utf8.count > Limits.tokenBytesMax ? nil : token
  }
}
