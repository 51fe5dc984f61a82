import Core
import HTTPServer
import JSON

extension SignedIn {
  /// `{"user", "accessToken", "refreshToken", "tokenType", "expiresIn"}`
  func answer(status: Int = 200) -> HTTPResponse {
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
