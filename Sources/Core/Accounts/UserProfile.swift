import JSON

/// What sets a user's profile apart from other documents: it belongs to an account, and says of it what only the server may say.
package enum UserProfile {
  /// Fields that mirror the account. Others' rules and filters rely on them, so no write of the document changes them.
  package static let identityFields = ["email", "emailVerified", "roles"]

  static let madeByRegistering = RoostError(
    .badRequest, "A user's profile is made with the account: POST /v1/auth/register, or /v1/users for admins.")
  static let goesWithAccount = RoostError(
    .badRequest, "A user's profile goes with the account: DELETE /v1/auth/me, or /v1/users/{id} for admins.")

  /// Throws `validation_failed` where a write would change what the account says.
  static func requireSameIdentity(_ before: [UInt8], _ after: [UInt8]) throws {
    for name in identityFields where text(of: name, in: before) != text(of: name, in: after) {
      throw RoostError(
        .validationFailed, "`\(name)` of a user belongs to the account and cannot be changed by writing the profile.",
        fields: [FieldError("/\(name)", "expected the account's own value")])
    }
  }

  private static func text(of name: String, in body: [UInt8]) -> ArraySlice<UInt8>? {
    JSONText.member(name, of: body).map { body[$0] }
  }
}
