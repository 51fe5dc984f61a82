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
    return .caller(.user(try user(token, at: now)))
  }

  private func user(_ token: String, at now: Timestamp) throws -> UserIdentity {
    if let known = caches.withLock({ $0.users[token] }), known.expires > now {
      try requireNotRevoked(known.user)
      return known.user
    }
    let verified = try signer.verify(token, at: now)
    try requireNotRevoked(verified.user)
    caches.withLock { caches in
      if caches.users.count >= Limits.tokenCacheEntriesMax { caches.users.removeAll(keepingCapacity: true) }
      caches.users[token] = verified
    }
    return verified.user
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
  }

  private static let unknownToken = RoostError(.tokenInvalid, "The token is not known to this server, or it was revoked or has expired.")

  /// RFC 6750, section 2.1; the scheme's name does not depend on case (RFC 9110, section 11.1).
  private static func bearer(_ header: String) -> String? {
    let parts = header.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    let token = String(parts[1].drop { $0 == " " })
    return token.isEmpty || token.utf8.count > Limits.tokenBytesMax ? nil : token
  }
}
