import CEL
import JSON

/// One rule of a collection or bucket. A rule that is absent denies everybody but admins; `"true"` is public.
package struct Rule: Sendable {
  package let expression: CELExpression?
  /// True for a rule that lets everybody in, whatever the document: no look at it is needed.
  package let isPublic: Bool

  package init(_ expression: CELExpression?) {
    self.expression = expression
    isPublic = expression?.constant == .bool(true)
  }

  /// Reads a rule as configurations hold it: a string, or null for none. Throws `validation_failed` or `expression_invalid`.
  init(_ value: JSONValue?, _ kind: ExpressionKind, pointer: String, document: CELType = ExpressionKind.documentType(.dyn)) throws {
    switch value {
    case nil, .null: self.init(nil)
    case .string(let source): self.init(try kind.compile(source, pointer: pointer, document: document))
    default:
      throw RoostError(.validationFailed, "A rule is a string.", fields: [FieldError(pointer, "expected an expression as a string, or null")])
    }
  }

  /// The same where an absent rule does not deny.
  init?(optional value: JSONValue?, _ kind: ExpressionKind, pointer: String, document: CELType) throws {
    guard let value, !value.isNull else { return nil }
    try self.init(value, kind, pointer: pointer, document: document)
  }

  /// An error inside a rule denies.
  package func allows(_ context: some CELActivation) -> Bool {
    guard let expression else { return false }
    return isPublic || expression.allows(context)
  }

  /// Whether it reads other documents, so that it needs a connection.
  package var looksUp: Bool { expression.map { !$0.lookedUp.isEmpty } ?? false }

  /// The collections that it reads, with its own place in a configuration.
  func lookedUp(at pointer: String) -> [(collection: String, pointer: String)] {
    (expression?.lookedUp.sorted() ?? []).map { (collection: $0, pointer: pointer) }
  }
}
