import CEL

/// Where an expression stands, which decides the names it may use.
package enum ExpressionKind: Sendable {
  case readRule, writeRule, filter, bucketRule, triggerCondition

  package var environment: CELEnvironment {
    switch self {
    case .readRule, .filter:
      CELEnvironment(variables: ["auth": .dyn, "request": .dyn, "params": .dyn, "document": .dyn], fieldsOf: "document")
    case .writeRule:
      CELEnvironment(
        variables: ["auth": .dyn, "request": .dyn, "params": .dyn, "document": .dyn, "incoming": .dyn], fieldsOf: "document")
    case .bucketRule:
      CELEnvironment(variables: ["auth": .dyn, "request": .dyn, "file": .dyn], fieldsOf: "file")
    case .triggerCondition:
      CELEnvironment(variables: ["event": .dyn, "document": .dyn], fieldsOf: "document")
    }
  }

  /// Checks and compiles. Throws `expression_invalid` with line, column and what was expected.
  package func compile(_ source: String, pointer: String) throws -> CELExpression {
    do {
      return try CELExpression(source, in: environment)
    } catch {
      throw RoostError(
        .expressionInvalid, "The expression at \(pointer) is not valid: line \(error.line), column \(error.column): \(error.message)",
        fields: [FieldError(pointer, "line \(error.line), column \(error.column): \(error.message)")])
    }
  }
}
