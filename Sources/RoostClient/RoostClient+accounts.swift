import JSON

extension RoostClient {
  // MARK: Admins

  /// Answers `{"admin", "token", "tokenType", "expiresIn"}`. The token is good for a new client.
  package func login(email: String, password: String) async throws -> JSONValue {
    try await send(.post, ["v1", "admin", "login"], body: ["email": .string(email), "password": .string(password)])
  }

  /// Ends this client's admin session.
  package func logout() async throws { try await send(.post, ["v1", "admin", "logout"]) }

  /// The admin that this client's token belongs to.
  package func currentAdmin() async throws -> JSONValue { try await send(.get, ["v1", "admin", "me"]) }

  package func admins() async throws -> RoostPage { try RoostPage(await send(.get, ["v1", "admins"])) }

  package func createAdmin(email: String, password: String) async throws -> JSONValue {
    try await send(.post, ["v1", "admins"], body: ["email": .string(email), "password": .string(password)])
  }

  package func deleteAdmin(email: String) async throws { try await send(.delete, ["v1", "admins", email]) }

  package func setAdminPassword(_ password: String, email: String) async throws {
    try await send(.put, ["v1", "admins", email, "password"], body: ["password": .string(password)])
  }

  // MARK: Users

  package func users(_ options: ListOptions = ListOptions()) async throws -> RoostPage {
    try RoostPage(await send(.get, ["v1", "users"], query: options.query))
  }

  package func user(_ id: String) async throws -> JSONValue { try await send(.get, ["v1", "users", id]) }

  /// `user` has `email`, `password` and whatever the profile has.
  package func createUser(_ user: JSONValue) async throws -> JSONValue { try await send(.post, ["v1", "users"], body: user) }

  /// `{"disabled": true}`, `{"password": "…"}`; other members are a merge patch of the profile.
  package func patchUser(_ id: String, _ patch: JSONValue) async throws -> JSONValue {
    try await send(.patch, ["v1", "users", id], body: patch)
  }

  package func deleteUser(_ id: String) async throws { try await send(.delete, ["v1", "users", id]) }

  // MARK: API keys

  package func keys() async throws -> RoostPage { try RoostPage(await send(.get, ["v1", "keys"])) }

  /// The answer's `key` is shown this once.
  package func createKey(name: String) async throws -> JSONValue { try await send(.post, ["v1", "keys"], body: ["name": .string(name)]) }

  package func deleteKey(_ id: String) async throws { try await send(.delete, ["v1", "keys", id]) }
}
