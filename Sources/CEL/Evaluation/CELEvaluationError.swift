/// Why a well-formed expression has no value for these variables.
package struct CELEvaluationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What went wrong, for a program.
  package enum Code: UInt8, Sendable {
    case noSuchKey, noSuchOverload, noSuchVariable, overflow, divisionByZero, modulusByZero, indexOutOfRange, badConversion
    case badArgument, duplicateKey, noValue, costExceeded
  }

  package let code: Code
  package let line: Int
  package let column: Int
  package let message: String

  package var description: String { "line \(line), column \(column): \(message)" }
}

/// An evaluation error while it travels: small, because a field that is missing is everyday and must cost nothing.
struct CELFault: Error {
  let code: CELEvaluationError.Code
  var line: Int32 = 0
  var column: Int32 = 0

  init(_ code: CELEvaluationError.Code) { self.code = code }

  init(_ code: CELEvaluationError.Code, at position: CELPosition) {
    self.code = code
    line = Int32(truncatingIfNeeded: position.line)
    column = Int32(truncatingIfNeeded: position.column)
  }

  /// Whether `true || fault` stays a fault: the budget is gone, whatever else would follow.
  var isFinal: Bool { code == .costExceeded }

  /// This fault, at that place unless it has one.
  func at(_ position: CELPosition) -> CELFault { line == 0 ? CELFault(code, at: position) : self }
}

extension CELEvaluationError {
  /// The fault in words; the tree knows what stands at its place.
  init(_ fault: CELFault, detail: CELFaultDetail, in root: CELNode) {
    let position = CELPosition(line: max(1, Int(fault.line)), column: max(1, Int(fault.column)))
    let message =
      switch (fault.code, detail) {
      case (.noSuchKey, .key(let key)): "no such key: \(key.brief)"
      case (.noSuchKey, _): "no such key: \(root.name(at: position).map { "'\($0)'" } ?? "it is missing")"
      case (.noSuchVariable, _): "no such variable here: \(root.name(at: position).map { "'\($0)'" } ?? "it is missing")"
      case (.noSuchOverload, .types(let left, let right?)): "\(root.name(at: position).map { "'\($0)' has " } ?? "")no such overload for \(left) and \(right)"
      case (.noSuchOverload, .types(let type, nil)) where root.field(at: position) != nil:
        "\(type == "null_type" ? "null" : type.hasPrefix("int") ? "an int" : "a \(type)") has no field '\(root.field(at: position) ?? "")'"
      case (.noSuchOverload, .types(let type, nil)): "\(root.name(at: position).map { "'\($0)' has " } ?? "")no such overload for \(type)"
      case (.noSuchOverload, _): "no such overload"
      case (.overflow, .key(let value)): "\(value.brief) is past the range of the type"
      case (.overflow, _): "the result is past the range of its type"
      case (.divisionByZero, _): "division by zero"
      case (.modulusByZero, _): "modulus by zero"
      case (.indexOutOfRange, .key(let index)): "the index is out of range: \(index.brief)"
      case (.indexOutOfRange, _): "the index is out of range"
      case (.badConversion, .key(let value)): "\(root.name(at: position).map { "\($0)() " } ?? "")cannot convert \(value.brief)"
      case (.badConversion, _): "the value cannot be converted"
      case (.badArgument, .text(let text)): text
      case (.badArgument, _): "the argument is not allowed"
      case (.duplicateKey, _): "two keys of the map are equal"
      case (.noValue, _): "the optional has no value"
      case (.costExceeded, _): "the evaluation was stopped: it takes more steps than are allowed"
      }
    self.init(code: fault.code, line: position.line, column: position.column, message: message)
  }
}

extension CELNode {
  /// The field that is read at a place.
  fileprivate func field(at position: CELPosition) -> String? {
    if self.position == position {
      switch kind {
      case .select(_, let field, _), .optionalSelect(_, let field): return field
      default: break
      }
    }
    return children.lazy.compactMap { $0.field(at: position) }.first
  }

  /// The name of the field, function or operator at a place.
  fileprivate func name(at position: CELPosition) -> String? {
    if self.position == position {
      switch kind {
      case .select(_, let field, _), .optionalSelect(_, let field): return field
      case .identifier(let name): return name
      case .call(let function, _, _): return function
      case .unary(let sign, _): return sign.rawValue
      case .binary(let sign, _, _): return sign.rawValue
      default: break
      }
    }
    for child in children {
      if let name = child.name(at: position) { return name }
    }
    return nil
  }
}

extension CELValue {
  /// The value as a message can quote it.
  var brief: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .uint(let value): "\(value)u"
    case .double(let value): "\(value)"
    case .string(let value): "'\(value.unicodeScalars.count > 40 ? String(String.UnicodeScalarView(value.unicodeScalars.prefix(40))) + "…" : value)'"
    case .timestamp(let value): value.text
    case .duration(let value): value.text
    default: "a \(typeName)"
    }
  }
}
