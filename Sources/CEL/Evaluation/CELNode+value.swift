extension CELNode {
  /// The value of a part of a checked expression, for variables as its environment has them. For rooms that say an expression in
  /// another language, such as SQL, and work out first what does not depend on the document.
  /// The part must not stand inside a macro whose variables it uses.
  package func value(in environment: CELEnvironment, _ activation: some CELActivation) throws(CELEvaluationError) -> CELValue {
    if let literal { return literal }
    let result = CELProgram(self, in: environment).run(activation, budget: environment.limits.costMax) { step, frame -> Result<CELValue, CELEvaluationError> in
      do throws(CELFault) {
        return .success(try step.evaluate(&frame))
      } catch {
        return .failure(CELEvaluationError(error, detail: frame.detail, in: self))
      }
    }
    return try result.get()
  }
}
