import Core
import Storage

/// The parts that know who somebody is, made from the project's keys.
enum AccountsAssembly {
  static func make(
    project: Project, folder: DataFolder, passwords: PasswordPool, clock: any WallClock
  ) async throws -> (accounts: Accounts, authenticator: Authenticator) {
    let now = clock.now()
    // Audience and issuer are one stable name: an address may change, and with it tokens must not.
    let signer = try AccessTokenSigner(
      keys: await signingKeys(project, SecretBox(key: folder.masterKey), at: now), issuer: "roost/" + project.name)
    let revoked = RevokedSessions()
    for id in try await project.accounts.revokedSessions(
      since: Timestamp(milliseconds: now.milliseconds - Limits.accessTokenLifetime.milliseconds))
    {
      revoked.insert(id, at: now)
    }
    return (
      Accounts(project: project, passwords: passwords, signer: signer, revoked: revoked, clock: clock),
      Authenticator(project: project, signer: signer, revoked: revoked, clock: clock)
    )
  }

  /// Newest first; the first start makes one. At rest they are sealed under the master key.
  private static func signingKeys(_ project: Project, _ box: SecretBox, at now: Timestamp) async throws -> [SigningKey] {
    let keys = try await project.accounts.signingKeys().map { try SigningKey(secretKey: box.open($0)) }
    guard keys.isEmpty else { return keys }
    let key = try SigningKey.generate()
    try await project.accounts.addSigningKey(id: key.id, sealed: box.seal(key.secretKey), at: now)
    return [key]
  }

  /// Makes the admin that the environment names where there is none yet. Returns whether there is an admin.
  static func makeFirstAdmin(
    _ admin: (email: String, password: String)?, project: Project, passwords: PasswordPool, clock: any WallClock
  ) async throws -> Bool {
    guard try await project.accounts.admins().isEmpty else { return true }
    guard let admin else { return false }
    do {
      _ = try await Accounts.createAdmin(
        email: admin.email, password: admin.password, store: project.accounts, passwords: passwords, clock: clock)
    } catch let error as RoostError where error.code == .validationFailed {
      throw StartFailure("ROOST_ADMIN_EMAIL and ROOST_ADMIN_PASSWORD do not make an admin: \(error.message)")
    }
    return true
  }
}
