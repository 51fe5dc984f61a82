/// A part of an expression, ready to run. Subclasses override `evaluate`, or `test` if they always give a bool, and whichever
/// of the others they can do better.
///
/// `@unchecked` because a class that is inherited from cannot be checked: every step is a constant, made of constants.
class CELStep: @unchecked Sendable {
  /// Where its faults are.
  let position: CELPosition

  init(at position: CELPosition) { self.position = position }

  func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    throw CELFault(.noSuchOverload, at: position)
  }

  /// The value as a condition; a fault if it is no bool.
  func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    let value = try evaluate(&frame)
    guard case .bool(let bool) = value else { throw frame.mismatch(value).at(position) }
    return bool
  }

  /// The value where it lies, if it lies in a document.
  func lazy(_ frame: inout CELFrame) throws(CELFault) -> CELLazy {
    .value(try evaluate(&frame))
  }
}

/// A step whose value is a bool.
class CELCondition: CELStep, @unchecked Sendable {
  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    .bool(try test(&frame))
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    throw CELFault(.noSuchOverload, at: position)
  }
}

final class CELLiteralStep: CELStep, @unchecked Sendable {
  let value: CELValue

  init(_ value: CELValue, at position: CELPosition) {
    self.value = value
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue { value }
}

/// A variable of the environment.
final class CELVariableStep: CELStep, @unchecked Sendable {
  let variable: Int

  init(_ variable: Int, at position: CELPosition) {
    self.variable = variable
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch frame.kinds[variable] {
    case .value: return frame.values[variable]
    case .document:
      try frame.charge(bytes: frame.texts[variable].count)
      return frame.documents[variable].value
    case .missing: throw CELFault(.noSuchVariable, at: position)
    }
  }
}

/// A variable of a macro.
final class CELLocalStep: CELStep, @unchecked Sendable {
  let place: Int

  init(_ place: Int, at position: CELPosition) {
    self.place = place
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue { frame.locals[place] }
}
