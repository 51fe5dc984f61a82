import JSON

/// The secrets of a project, with the key that opens them. Values come out of here for functions, and to be hidden in what is shown of them; never for an answer.
package final class SecretVault: Sendable {
  private let store: any SecretStore
  private let box: SecretBox

  package init(store: any SecretStore, box: SecretBox) {
    self.store = store
    self.box = box
  }

  /// Those of one function, or of the project for `nil`: names and dates, by name.
  package func list(of function: String?) async throws -> [SealedSecret] {
    try await store.secrets().filter { $0.function == function }.sorted { $0.name < $1.name }
  }

  /// True if it is new. Throws `validation_failed`, `conflict`.
  package func set(_ name: String, to value: String, of function: String?, at now: Timestamp) async throws -> Bool {
    try SecretName.require(name)
    guard !value.isEmpty, value.utf8.count <= Limits.secretBytesMax, !value.utf8.contains(0) else {
      throw RoostError(
        .validationFailed, "The value of a secret is text.",
        fields: [FieldError("/value", "expected 1 to \(Limits.secretBytesMax) bytes without NUL")])
    }
    return try await store.putSecret(name, of: function, sealed: box.seal(Array(value.utf8)), at: now)
  }

  package func delete(_ name: String, of function: String?) async throws -> Bool {
    try await store.deleteSecret(name, of: function)
  }

  /// All of them, opened.
  package func open() async throws -> FunctionSecrets {
    var project: [String: String] = [:]
    var functions: [String: [String: String]] = [:]
    for secret in try await store.secrets() {
      let value = String(decoding: try box.open(secret.sealed), as: UTF8.self)
      if let function = secret.function {
        functions[function, default: [:]][secret.name] = value
      } else {
        project[secret.name] = value
      }
    }
    return FunctionSecrets(project: project, functions: functions)
  }
}

/// Opened secrets: handed to workers, never written anywhere.
package struct FunctionSecrets: Sendable {
  private let project: [String: String]
  private let functions: [String: [String: String]]

  package static let none = FunctionSecrets(project: [:], functions: [:])

  package init(project: [String: String], functions: [String: [String: String]]) {
    self.project = project
    self.functions = functions
  }

  /// What a function gets: the project's, and its own, which win.
  package func values(for function: String) -> [String: String] {
    project.merging(functions[function] ?? [:]) { $1 }
  }

  /// The function as its workers get it: its environment holds the secrets too. The nearer one wins: its own secret, its `env`, the
  /// project's secret.
  package func filling(_ definition: FunctionDefinition) -> FunctionDefinition {
    var filled = definition
    filled.environment = project.merging(definition.environment) { $1 }.merging(functions[definition.name] ?? [:]) { $1 }
    return filled
  }
}

extension SealedSecret {
  /// What a list shows.
  package var value: JSONValue {
    ["name": .string(name), "createdAt": .string(created.text), "updatedAt": .string(updated.text)]
  }
}
