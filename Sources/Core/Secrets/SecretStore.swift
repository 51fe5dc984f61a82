/// One secret at rest: sealed, of one function or of the whole project.
package struct SealedSecret: Sendable {
  /// `nil` for those of the project, which every function gets.
  package let function: String?
  package let name: String
  package let sealed: [UInt8]
  package let created: Timestamp
  package let updated: Timestamp

  package init(function: String?, name: String, sealed: [UInt8], created: Timestamp, updated: Timestamp) {
    self.function = function
    self.name = name
    self.sealed = sealed
    self.created = created
    self.updated = updated
  }
}

/// Secrets at rest. Fulfilled by Storage, which cannot open them.
package protocol SecretStore: Sendable {
  /// Of all functions and the project, by name.
  func secrets() async throws -> [SealedSecret]
  /// Sets or replaces one. True if it is new. Throws `conflict` past `Limits.secretsMax`.
  func putSecret(_ name: String, of function: String?, sealed: [UInt8], at now: Timestamp) async throws -> Bool
  /// False if there was none.
  func deleteSecret(_ name: String, of function: String?) async throws -> Bool
}

/// The names that environment variables have everywhere.
package enum SecretName {
  package static func isValid(_ name: String) -> Bool {
    (1...Limits.nameCharactersMax).contains(name.utf8.count) && !name.hasPrefix("ROOST_")
      && name.utf8.enumerated().allSatisfy { position, byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): position > 0
        default: false
        }
      }
  }

  /// Throws `validation_failed`.
  package static func require(_ name: String) throws {
    guard isValid(name) else {
      throw RoostError(
        .validationFailed, "'\(name.prefix(80))' is no name for a secret.",
        fields: [
          FieldError("/name", "expected letters, digits and _, not starting with a digit or with ROOST_, at most \(Limits.nameCharactersMax) characters")
        ])
    }
  }
}
