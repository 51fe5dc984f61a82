/// The names that an expression may use.
package struct CELEnvironment: Sendable {
  /// The variables and what is known of them.
  package let variables: [String: CELType]
  /// The variable whose fields may be written without it; nil if none may.
  package let bareNames: String?
  package let limits: CELLimits

  /// With `fieldsOf: "document"` a name that is no variable means a field of the document: `title` is `document.title`.
  package init(variables: [String: CELType], fieldsOf bareNames: String? = nil, limits: CELLimits = .standard) {
    self.variables = variables
    self.bareNames = bareNames
    self.limits = limits
  }
}

extension CELEnvironment {
  /// A rule of a collection: `auth`, `document`, `incoming`, `request`.
  package static let rule = CELEnvironment(
    variables: ["auth": .auth, "document": .document, "incoming": .document, "request": .request], fieldsOf: "document")

  /// A list's filter: `document`, `params` and who asks.
  package static let filter = CELEnvironment(
    variables: ["auth": .auth, "document": .document, "request": .request, "params": .dyn], fieldsOf: "document")

  /// A trigger's condition: the event and the document after it (before it, if it was deleted).
  package static let condition = CELEnvironment(variables: ["event": .dyn, "document": .document], fieldsOf: "document")
}

extension CELType {
  /// A document of which nothing is known but the four fields of ours.
  package static let document = CELType.object(
    ["id": .string, "version": .int, "createdAt": .timestamp, "updatedAt": .timestamp], open: true)

  /// Who asks; null for a stranger.
  package static let auth = CELType.object(
    [
      "id": .string, "email": .dyn, "emailVerified": .bool, "roles": .list(.dyn), "claims": .dyn, "anonymous": .bool, "provider": .dyn,
    ], open: false)

  package static let request = CELType.object(
    ["method": .string, "ip": .string, "time": .timestamp, "headers": .map(.string, .dyn), "query": .map(.string, .dyn)], open: false)
}
