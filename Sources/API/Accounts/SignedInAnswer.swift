import Core
import HTTPServer
import JSON

extension SignedIn {
  /// `{"user", "accessToken", "refreshToken", "tokenType", "expiresIn"}`
  func answer(to call: Call, status: Int = 200) async throws -> HTTPResponse {
    var profile = profile
    if let found = profile { profile = try await call.ownView(of: found, user: self.user) }
    let user = profile.flatMap { try? JSONValue(parsing: $0.json()) } ?? .null
    return .privateJSON(
      status,
      [
        "user": user, "accessToken": .string(accessToken), "refreshToken": .string(refreshToken), "tokenType": "Bearer",
        "expiresIn": .int(Limits.accessTokenLifetime.components.seconds),
      ])
  }
}

extension Call {
  /// A user's own profile, without the fields that even they may not see.
  func ownView(of profile: DocumentRecord, user: UserIdentity) async throws -> DocumentRecord {
    let users = try project.collection(Collection.users)
    guard !users.fieldRules.guarded.isEmpty else { return profile }
    let caller = Caller.user(user)
    let access = DocumentAccess(collection: users, caller: caller, variables: variables(of: caller))
    return try await project.documents.read { reader in try access.ownView(of: profile, RuleLookups(reader)) }
  }

  /// Two or more string members of the body. Throws `validation_failed` naming what is missing.
  func strings(_ names: String...) throws -> [String] {
    let object = try object()
    let missing = names.filter { object[$0]?.stringValue == nil }
    guard missing.isEmpty else {
      throw RoostError(
        .validationFailed, "The body needs \(names.joined(separator: ", ")).",
        fields: missing.map { FieldError("/\($0)", "expected a string") })
    }
    return names.compactMap { object[$0]?.stringValue }
  }
}
