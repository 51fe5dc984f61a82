/// An expression that was parsed, checked and made ready to run, once.
package struct CELExpression: Sendable {
  package let source: String
  /// The tree after checking; see ``CELNode``.
  package let root: CELNode
  /// The environment's variables that the expression uses.
  package let variables: Set<String>

  /// Throws what is wrong with the source: a syntax error, an unknown name, types that do not fit, or a limit that was passed.
  /// - Parameter expected: what the expression must be, such as `.bool` for a rule; nil if anything will do.
  package init(_ source: String, in environment: CELEnvironment, expecting expected: CELType? = .bool) throws(CELError) {
    self.source = source
    root = try CELParser.parse(source, limits: environment.limits)
    variables = Set(environment.variables.keys)
  }

  /// The value, if it is the same for all variables: `.bool(true)` for `true`.
  package var constant: CELValue? { root.literal }

  /// The value for these variables.
  package func evaluate(_ activation: some CELActivation) throws(CELEvaluationError) -> CELValue {
    throw CELEvaluationError(code: .noSuchOverload, line: 1, column: 1, message: "evaluation is not built yet")
  }

  /// Whether the value is `true`; an error is not.
  package func allows(_ activation: some CELActivation) -> Bool {
    guard case .bool(true)? = try? evaluate(activation) else { return false }
    return true
  }
}
