/// Which part of an expression made it what it is, for people.
package struct CELExplanation: Sendable {
  /// The whole's value; nil for an error.
  package let value: CELValue?
  /// The whole's error; nil if it has a value.
  package let error: CELEvaluationError?
  /// The source text of the smallest part whose value or error decided the whole, such as `author == auth.id`: of a false
  /// `a && b` the false side, of a true `a || b` the true side, through `!`, `?:`, brackets and `cel.bind`.
  package let part: String
  /// Where that text begins, from 1.
  package let line: Int
  /// From 1, in code points.
  package let column: Int
  package let partValue: CELValue?
  package let partError: CELEvaluationError?
  /// The names in that part as they are written, with their values; nil for what is not there. Names inside macros are left out.
  package let names: [(name: String, value: CELValue?)]

  /// A part that uses more names is no longer explained by them.
  package static let namesMax = 20
}

extension CELExpression {
  /// Why the expression has its value for these variables. Takes a few times as long as the evaluation: for one document at a time.
  package func explain(_ activation: some CELActivation) -> CELExplanation {
    let whole = CELOutcome { () throws(CELEvaluationError) in try evaluate(activation) }
    var search = CELDecision(environment: environment, activation: activation)
    let decided = search.descend(from: root, whole)
    let start = CELPosition(offset: decided.node.span.lowerBound, in: source.utf8)
    return CELExplanation(
      value: whole.value, error: whole.error, part: text(of: decided.node), line: start.line, column: start.column,
      partValue: decided.outcome.value, partError: decided.outcome.error, names: search.names(in: decided.node, text: text))
  }

  /// What was written for a part.
  private func text(of node: CELNode) -> String {
    String(decoding: source.utf8.dropFirst(node.span.lowerBound).prefix(node.span.count), as: UTF8.self)
  }
}
