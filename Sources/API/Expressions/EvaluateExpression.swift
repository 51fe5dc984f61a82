import CEL
import Core
import HTTPServer
import JSON

/// `POST /v1/expressions/evaluate` {expression, variables}: `{"value", "type"}`, for trying an expression out.
enum EvaluateExpression {
  static let route = Route.admin(.post, "/v1/expressions/evaluate") { call in
    var reader = try ConfigurationReader(call.value(), of: "request")
    let source = try reader.required("expression", "a CEL expression")
    let variables = try reader.object("variables") ?? [:]
    try reader.refuseUnknown()
    return .privateJSON(200, bytes: try answer(to: source, variables))
  }

  private static func answer(to source: String, _ variables: JSONObject) throws -> [UInt8] {
    let types = Dictionary(variables.map { ($0.key, CELType.dyn) }, uniquingKeysWith: { first, _ in first })
    let values = Dictionary(variables.map { ($0.key, CELValue($0.value)) }, uniquingKeysWith: { first, _ in first })
    let expression = try ExpressionKind.compile(source, in: CELEnvironment(variables: types), expecting: nil, pointer: "/expression")
    let value: CELValue
    do {
      value = try expression.evaluate(values)
    } catch {
      throw RoostError(
        .evaluationError, "The expression has no value: line \(error.line), column \(error.column): \(error.message)",
        fields: [FieldError("/expression", "line \(error.line), column \(error.column): \(error.message)")])
    }
    var bytes = Array(#"{"value":"#.utf8)
    guard value.write(into: &bytes, most: Limits.evaluationBytesMax) else {
      throw RoostError(
        .evaluationError, "The value cannot be written as JSON: it is too large, or a map has keys that are the same as text.",
        fields: [FieldError("/expression", "expected a value that JSON can hold")])
    }
    bytes.append(contentsOf: #","type":"#.utf8)
    JSONValue.string(value.typeName).write(into: &bytes)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }
}
