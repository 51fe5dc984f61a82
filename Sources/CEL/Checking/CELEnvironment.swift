/// The names that an expression may use.
package struct CELEnvironment: Sendable {
  /// The variables and what is known of them.
  package let variables: [String: CELType]
  /// The variable whose fields may be written without it; nil if none may.
  package let bareNames: String?
  /// Names that must not be taken for bare fields, because elsewhere they are variables.
  package let reservedNames: Set<String>
  package let limits: CELLimits
  /// Whether `lookup("collection", id)` may be called.
  package let hasLookup: Bool
  /// Whether unknown names and types that cannot fit are refused. If not, they are faults when they are evaluated, which may be
  /// never: what the language definition calls parse-only.
  package let isChecked: Bool

  /// With `fieldsOf: "document"` a name that is no variable means a field of the document: `title` is `document.title`.
  package init(
    variables: [String: CELType], fieldsOf bareNames: String? = nil, reserving reservedNames: Set<String> = [], limits: CELLimits = .standard,
    hasLookup: Bool = false, isChecked: Bool = true
  ) {
    self.variables = variables
    self.bareNames = bareNames
    self.reservedNames = reservedNames
    self.limits = limits
    self.hasLookup = hasLookup
    self.isChecked = isChecked
  }
}
