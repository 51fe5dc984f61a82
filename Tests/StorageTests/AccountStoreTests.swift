import Core
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("Accounts at rest")
struct AccountStoreTests {
  private struct Lab {
    let store: TestStorage
    let users: Collection
    var accounts: any AccountStore { store.project.accounts }

    init() async throws {
      store = try await TestStorage()
      users = try store.project.collection(Collection.users)
    }

    func email(_ text: String) throws -> EmailAddress { try #require(EmailAddress(text)) }

    func session(_ id: String, user: String = "") -> Session {
      let now = store.clock.now()
      return Session(id: id, userID: user, created: now, lastUsed: now, expires: now + Limits.sessionLifetime, address: "127.0.0.1", userAgent: "test")
    }

    func register(_ name: String, session: String? = nil) async throws -> DocumentRecord {
      try await accounts.register(
        profile: .storing(#"{"name":"\#(name)"}"#, in: users), email: email("\(name)@example.org"), passwordHash: "hash", isDisabled: false,
        session: session.map { self.session($0) }, refreshHash: session.map { Array($0.utf8) }, repeatable: nil)
    }
  }

  @Test("Registering writes profile, credential, session and event in one commit; an address registers once")
  func register() async throws {
    let lab = try await Lab()
    let ada = try await lab.register("ada", session: "s1")
    let credential = try #require(try await lab.accounts.credential(email: lab.email("ADA@example.org")))
    #expect(credential.userID == ada.id && credential.passwordHash == "hash" && !credential.emailVerified && !credential.isDisabled && credential.roles.isEmpty)
    #expect(try await lab.accounts.credential(userID: ada.id)?.email == "ada@example.org")
    #expect(try await lab.accounts.sessions(userID: ada.id).map(\.id) == ["s1"])
    #expect(await code { _ = try await lab.register("ada", session: "s2") } == .alreadyExists)
    #expect(try await lab.store.events().map(\.action) == [.created])
    #expect(try await lab.store.page(in: lab.users).items == [ada])
  }

  @Test("A refresh token works once; its copy ends the session")
  func rotate() async throws {
    let lab = try await Lab()
    let ada = try await lab.register("ada", session: "s")
    lab.store.clock.advance(by: .seconds(60))
    let now = lab.store.clock.now()
    guard case .rotated(let session, let credential, let profile) = try await lab.accounts.rotate(refreshHash: Array("s".utf8), to: [1], at: now) else {
      Issue.record("not rotated")
      return
    }
    #expect(session.id == "s" && session.userID == ada.id && session.lastUsed == now && session.expires == now + Limits.sessionLifetime)
    #expect(credential.userID == ada.id && profile == ada)
    guard case .rotated = try await lab.accounts.rotate(refreshHash: [1], to: [2], at: now) else {
      Issue.record("the new token does not work")
      return
    }
    guard case .reused("s") = try await lab.accounts.rotate(refreshHash: [1], to: [3], at: now) else {
      Issue.record("a copy was not noticed")
      return
    }
    for token in [[1], [2], [3], [9]] as [[UInt8]] {
      guard case .unknown = try await lab.accounts.rotate(refreshHash: token, to: [4], at: now) else {
        Issue.record("a token of an ended session still means something")
        return
      }
    }
    #expect(try await lab.accounts.sessions(userID: ada.id).isEmpty)
    #expect(try await lab.accounts.revokedSessions(since: now) == ["s"])
  }

  @Test("A session ends when it is not used for its lifetime")
  func expiry() async throws {
    let lab = try await Lab()
    let ada = try await lab.register("ada", session: "s")
    lab.store.clock.advance(by: Limits.sessionLifetime)
    guard case .unknown = try await lab.accounts.rotate(refreshHash: Array("s".utf8), to: [1], at: lab.store.clock.now()) else {
      Issue.record("an old session was renewed")
      return
    }
    #expect(try await lab.accounts.sessions(userID: ada.id).isEmpty)
  }

  @Test("Nobody gets a session whose password was changed or whose account was disabled while it was being checked")
  func lateLogin() async throws {
    let lab = try await Lab()
    let ada = try await lab.register("ada", session: "s1")
    #expect(try await !lab.accounts.createSession(lab.session("s2", user: ada.id), refreshHash: [2], passwordHash: "older"))
    try await lab.accounts.setDisabled(true, userID: ada.id)
    #expect(try await !lab.accounts.createSession(lab.session("s3", user: ada.id), refreshHash: [3], passwordHash: "hash"))
    #expect(try await !lab.accounts.createSession(lab.session("s4", user: "nobody"), refreshHash: [4], passwordHash: nil))
    #expect(try await lab.accounts.sessions(userID: ada.id).map(\.id) == ["s1"])
  }

  @Test("Sessions are ended one by one, by their own user only, or all together; ended ones are known for a while")
  func revoke() async throws {
    let lab = try await Lab()
    let ada = try await lab.register("ada", session: "s1")
    for id in ["s2", "s3"] { #expect(try await lab.accounts.createSession(lab.session(id, user: ada.id), refreshHash: Array(id.utf8), passwordHash: "hash")) }
    let now = lab.store.clock.now()
    #expect(try await !lab.accounts.revokeSession("s1", userID: "somebody", at: now))
    #expect(try await lab.accounts.revokeSession("s1", userID: ada.id, at: now))
    #expect(try await !lab.accounts.revokeSession("s1", userID: ada.id, at: now))
    #expect(Set(try await lab.accounts.revokeSessions(userID: ada.id, at: now)) == ["s2", "s3"])
    #expect(Set(try await lab.accounts.revokedSessions(since: now)) == ["s1", "s2", "s3"])
    #expect(try await lab.accounts.revokedSessions(since: now + .milliseconds(1)).isEmpty)
    // Long after the last access token has expired they are forgotten.
    #expect(try await lab.accounts.createSession(lab.session("s4", user: ada.id), refreshHash: [4], passwordHash: "hash"))
    let later = now + Limits.accessTokenLifetime * 3
    #expect(try await lab.accounts.revokeSession("s4", userID: ada.id, at: later))
    #expect(try await lab.accounts.revokedSessions(since: now) == ["s4"])
  }

  @Test("Deleting a user takes profile, credential and sessions, also through the profile document")
  func delete() async throws {
    let lab = try await Lab()
    for name in ["ada", "bob"] {
      let user = try await lab.register(name, session: name)
      if name == "ada" {
        #expect(try await lab.accounts.deleteUser(profile: .deleting(user.id, in: lab.users), userID: user.id) != nil)
        #expect(try await lab.accounts.deleteUser(profile: .deleting(user.id, in: lab.users), userID: user.id) == nil)
      } else {
        _ = try await lab.store.documents.write(.deleting(user.id, in: lab.users))
      }
      #expect(try await lab.accounts.credential(userID: user.id) == nil)
      #expect(try await lab.accounts.sessions(userID: user.id).isEmpty)
      #expect(try await lab.accounts.revokedSessions(since: Timestamp(milliseconds: 0)).contains(name))
      _ = try await lab.register(name)
    }
    #expect(try await lab.store.events().map(\.action) == [.created, .deleted, .created, .created, .deleted, .created])
  }

  @Test("Password and standing change")
  func change() async throws {
    let lab = try await Lab()
    let ada = try await lab.register("ada")
    try await lab.accounts.setPasswordHash("new", userID: ada.id)
    try await lab.accounts.setDisabled(true, userID: ada.id)
    let credential = try #require(try await lab.accounts.credential(userID: ada.id))
    #expect(credential.passwordHash == "new" && credential.isDisabled)
  }

  @Test("Admins and their sessions")
  func admins() async throws {
    let lab = try await Lab()
    let now = lab.store.clock.now()
    let admin = Admin(id: "a1", email: "root@example.org", passwordHash: "h", created: now)
    try await lab.accounts.createAdmin(admin, repeatable: nil)
    #expect(
      await code { try await lab.accounts.createAdmin(Admin(id: "a2", email: "root@example.org", passwordHash: "h", created: now), repeatable: nil) }
        == .alreadyExists)
    #expect(try await lab.accounts.admins().map(\.id) == ["a1"])
    try await lab.accounts.createAdminSession(hash: [1], adminID: "a1", expires: now + .seconds(10))
    #expect(try await lab.accounts.adminSession(hash: [1], at: now)?.id == "a1")
    #expect(try await lab.accounts.adminSession(hash: [1], at: now + .seconds(10)) == nil)
    #expect(try await lab.accounts.adminSession(hash: [2], at: now) == nil)
    try await lab.accounts.createAdminSession(hash: [2], adminID: "a1", expires: now + .seconds(10))
    try await lab.accounts.deleteAdminSession(hash: [2])
    #expect(try await lab.accounts.adminSession(hash: [2], at: now) == nil)
    #expect(try await lab.accounts.setAdminPasswordHash("h2", email: lab.email("root@example.org")))
    #expect(try await lab.accounts.admin(email: lab.email("root@example.org"))?.passwordHash == "h2")
    #expect(try await lab.accounts.adminSession(hash: [1], at: now) == nil)
    #expect(try await !lab.accounts.setAdminPasswordHash("h2", email: lab.email("no@example.org")))
    #expect(try await lab.accounts.deleteAdmin(email: lab.email("root@example.org")))
    #expect(try await !lab.accounts.deleteAdmin(email: lab.email("root@example.org")))
  }

  @Test("API keys and signing keys")
  func keys() async throws {
    let lab = try await Lab()
    let now = lab.store.clock.now()
    try await lab.accounts.createKey(APIKey(id: "k", name: "ci", created: now), hash: [1, 2], repeatable: nil)
    #expect(try await lab.accounts.key(hash: [1, 2])?.name == "ci")
    #expect(try await lab.accounts.key(hash: [1]) == nil)
    #expect(try await lab.accounts.keys().map(\.id) == ["k"])
    #expect(try await lab.accounts.deleteKey(id: "k"))
    #expect(try await !lab.accounts.deleteKey(id: "k"))
    try await lab.accounts.addSigningKey(id: "one", sealed: [1], at: now)
    try await lab.accounts.addSigningKey(id: "two", sealed: [2], at: now + .seconds(1))
    #expect(try await lab.accounts.signingKeys() == [[2], [1]])
  }
}
