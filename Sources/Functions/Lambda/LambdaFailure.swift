import JSON

/// What a Lambda runtime posts about a failure: `{"errorMessage": …, "errorType": …, "stackTrace": […]}`.
enum LambdaFailure {
  /// Type and message in one line, then the stack.
  static func text(_ request: LoopbackRequest) -> String {
    let type = request.header("lambda-runtime-function-error-type")
    guard let value = try? JSONValue(parsing: request.body), case .object = value else {
      let body = String(decoding: request.body.prefix(FunctionsLimits.errorBytesMax), as: UTF8.self)
      return [type, body.isEmpty ? nil : body].compactMap { $0 }.joined(separator: ": ").nonEmpty ?? "The function failed and did not say why."
    }
    return text(value, type: type)
  }

  private static func text(_ value: JSONValue, type: String?) -> String {
    let message = value["errorMessage"]?.stringValue.flatMap(\.nonEmpty)
    let type = value["errorType"]?.stringValue.flatMap(\.nonEmpty) ?? type
    let head = [type, message].compactMap { $0 }.joined(separator: ": ").nonEmpty ?? "The function failed and did not say why."
    // Python calls it stackTrace and Node trace, whose first line repeats the error.
    var lines = (value["stackTrace"] ?? value["trace"])?.arrayValue?.compactMap { $0.stringValue } ?? []
    if value["stackTrace"] == nil, let first = lines.first, let message, first.contains(message) { lines.removeFirst() }
    let stack = lines.map { $0.hasSuffix("\n") ? String($0.dropLast()) : $0 }.joined(separator: "\n")
    return (stack.isEmpty ? head : head + "\n" + stack).prefix(bytes: FunctionsLimits.errorBytesMax)
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
