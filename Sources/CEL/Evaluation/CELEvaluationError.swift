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
