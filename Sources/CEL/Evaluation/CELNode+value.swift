extension CELNode {
  /// The value of a part of a checked expression, for variables as its environment has them. For rooms that say an expression in
  /// another language, such as SQL, and work out first what does not depend on the document.
  /// The part must not stand inside a macro whose variables it uses.
  package func value(in environment: CELEnvironment, _ activation: some CELActivation) throws(CELEvaluationError) -> CELValue {
    var budget = environment.limits.costMax
    return try value(in: environment, activation, budget: &budget)
  }

  /// The same with what is left of a budget, which it takes its steps from.
  package func value(in environment: CELEnvironment, _ activation: some CELActivation, budget: inout Int) throws(CELEvaluationError) -> CELValue {
    if let literal { return literal }
    return try CELProgram(self, in: environment).evaluate(activation, budget: &budget, root: self)
  }
}
