import JSON

/// What somebody who registers sends: address, password, and the fields of their profile.
package struct Registration: Sendable {
  package let email: EmailAddress
  package let password: String
  /// The profile's own fields, with the address.
  package let profile: DocumentBody
  /// What of it the server says.
  let identity: DocumentBody
  /// For accounts that admins make: nobody can sign in.
  package let isDisabled: Bool

  /// Throws `validation_failed` with every offending field.
  package init(_ value: JSONValue) throws {
    guard var object = value.objectValue else {
      throw RoostError(
        .validationFailed, "Registering takes a JSON object.", fields: [FieldError("", "expected {\"email\", \"password\", …}")])
    }
    var errors: [FieldError] = []
    let email = object["email"]?.stringValue.flatMap(EmailAddress.init)
    if email == nil { errors.append(FieldError("/email", "expected an email address")) }
    let password = object["password"]?.stringValue
    if let problem = Self.problem(ofPassword: password) { errors.append(FieldError("/password", problem)) }
    let disabled = object["disabled"] ?? false
    if disabled.boolValue == nil { errors.append(FieldError("/disabled", "expected true or false")) }
    isDisabled = disabled.boolValue ?? false
    // What only the server says of a user must not come from outside.
    for name in DocumentRecord.reservedFields + ["password", "emailVerified", "roles", "disabled"] { object[name] = nil }
    guard let email, let password, errors.isEmpty else {
      throw RoostError(.validationFailed, "The registration is not complete.", fields: errors)
    }
    let identity: JSONObject = ["email": .string(email.text), "emailVerified": false]
    for (name, value) in identity { object[name] = value }
    self.identity = DocumentBody(value: .object(identity))
    self.email = email
    self.password = password
    profile = DocumentBody(value: .object(object))
  }

  /// What is wrong with a new password, or nil.
  package static func problem(ofPassword password: String?) -> String? {
    guard let password else { return "expected a password" }
    if password.count < Limits.passwordCharactersMin { return "expected at least \(Limits.passwordCharactersMin) characters" }
    if password.utf8.count > Limits.passwordBytesMax { return "expected at most \(Limits.passwordBytesMax) bytes" }
    return nil
  }
}
