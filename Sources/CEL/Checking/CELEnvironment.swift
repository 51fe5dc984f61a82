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
