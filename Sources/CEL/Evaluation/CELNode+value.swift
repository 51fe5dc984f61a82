extension CELNode {
  /// The value of a part of a checked expression, for variables as its environment has them. For rooms that say an expression in
  /// another language, such as SQL, and work out first what does not depend on the document.
  /// The part must not stand inside a macro whose variables it uses.
  package func value(in environment: CELEnvironment, _ activation: some CELActivation) throws(CELEvaluationError) -> CELValue {
    if let literal { return literal }
    return try CELProgram(self, in: environment).evaluate(activation, budget: environment.limits.costMax, root: self)
  }
}
