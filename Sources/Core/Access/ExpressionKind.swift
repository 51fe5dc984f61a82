import CEL

/// Where an expression stands, which decides the names it may use.
package enum ExpressionKind: Sendable {
  case readRule, writeRule, filter, bucketRule, triggerCondition, callRule, fileCondition, eventCondition

  /// - Parameter document: what is known of the collection's documents; see ``documentType(_:)``.
  package func environment(document: CELType = ExpressionKind.documentType(.dyn)) -> CELEnvironment {
    let common = ["auth": Self.auth, "request": Self.request]
    switch self {
    case .readRule: return CELEnvironment(variables: common.with(["document": document]), fieldsOf: "document", reserving: Self.names, hasLookup: true)
    case .filter:
      // A caller's own: it must not look where the caller may not.
      return CELEnvironment(variables: common.with(["document": document, "params": .map(.string, .dyn)]), fieldsOf: "document", reserving: Self.names)
    case .writeRule:
      return CELEnvironment(variables: common.with(["document": document, "incoming": document]), fieldsOf: "document", reserving: Self.names, hasLookup: true)
    case .bucketRule: return CELEnvironment(variables: common.with(["file": Self.file]), fieldsOf: "file", reserving: Self.names, hasLookup: true)
    case .triggerCondition:
      return CELEnvironment(variables: ["event": Self.event, "document": document], fieldsOf: "document", reserving: Self.names)
    case .callRule: return CELEnvironment(variables: common.with(["params": .map(.string, .string)]), reserving: Self.names, hasLookup: true)
    case .fileCondition: return CELEnvironment(variables: ["event": Self.event, "file": Self.file], fieldsOf: "file", reserving: Self.names)
    case .eventCondition:
      return CELEnvironment(
        variables: ["event": Self.namedEvent, "data": .object([:], open: true)], fieldsOf: "data", reserving: Self.names.union(["data"]))
    }
  }

  /// Checks and compiles. Throws `expression_invalid` with line, column and what was expected.
  package func compile(_ source: String, pointer: String, document: CELType = ExpressionKind.documentType(.dyn)) throws -> CELExpression {
    try Self.compile(source, in: environment(document: document), expecting: .bool, pointer: pointer)
  }

  /// The same for any environment.
  package static func compile(_ source: String, in environment: CELEnvironment, expecting expected: CELType?, pointer: String) throws -> CELExpression {
    do {
      return try CELExpression(source, in: environment, expecting: expected)
    } catch {
      let place = "line \(error.line), column \(error.column): \(error.message)"
      throw RoostError(.expressionInvalid, "The expression at \(pointer) is not valid: \(place)", fields: [FieldError(pointer, place)])
    }
  }

  /// A collection's documents: our four fields and, where a schema tells, the collection's own.
  package static func documentType(_ own: CELType) -> CELType {
    guard case .object(let fields, let open) = own else { return .object(ours, open: true) }
    return .object(fields.merging(ours) { _, ours in ours }, open: open)
  }

  private static let ours: [String: CELType] = ["id": .string, "version": .int, "createdAt": .string, "updatedAt": .string]

  /// Every variable of some kind of expression: in the others a bare name like them would be a field by mistake.
  private static let names: Set<String> = ["auth", "request", "params", "document", "incoming", "file", "event"]

  // Closed, so that a misspelt name is found when the expression is saved.
  private static let auth = CELType.object(
    [
      "id": .string, "email": .string, "emailVerified": .bool, "roles": .list(.string), "claims": .map(.string, .dyn), "anonymous": .bool,
      "provider": .string,
    ], open: false)
  private static let request = CELType.object(
    ["method": .string, "ip": .string, "time": .timestamp, "headers": .map(.string, .string), "query": .map(.string, .string)], open: false)
  private static let file = CELType.object(
    [
      "bucket": .string, "path": .string, "contentType": .string, "size": .int, "owner": .string, "sha256": .string, "createdAt": .string,
      "updatedAt": .string,
    ], open: false)
  private static let namedEvent = CELType.object(["type": .string, "subject": .string, "data": .dyn, "auth": .dyn], open: false)
  private static let event = CELType.object(["type": .string, "subject": .string, "before": .dyn, "after": .dyn, "auth": .dyn], open: false)
}

extension [String: CELType] {
  fileprivate func with(_ others: [String: CELType]) -> [String: CELType] { merging(others) { _, other in other } }
}
