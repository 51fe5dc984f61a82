import CEL

/// One rule of a collection or bucket. A rule that is absent denies everybody but admins; `"true"` is public.
package struct Rule: Sendable {
  package let expression: CELExpression?
  /// True for a rule that lets everybody in, whatever the document: no look at it is needed.
  package let isPublic: Bool

  package init(_ expression: CELExpression?) {
    self.expression = expression
    isPublic = expression?.constant == .bool(true)
  }

  /// An error inside a rule denies.
  package func allows(_ context: some CELActivation) -> Bool {
    guard let expression else { return false }
    return isPublic || expression.allows(context)
  }
}
