/// `left + right`, and `-`, `*`, `/`, `%`. Numbers of two types do not mix; what passes a type's range is a fault.
final class CELArithmeticStep: CELStep, @unchecked Sendable {
  private let left: CELStep
  private let right: CELStep
  private let sign: CELBinaryOperator

  init(_ left: CELStep, _ sign: CELBinaryOperator, _ right: CELStep, at position: CELPosition) {
    self.left = left
    self.right = right
    self.sign = sign
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let left = try left.evaluate(&frame)
    let right = try right.evaluate(&frame)
    do throws(CELFault) {
      switch (left, right) {
      case (.int(let a), .int(let b)): return .int(try integer(a, b))
      case (.uint(let a), .uint(let b)): return .uint(try integer(a, b))
      case (.double(let a), .double(let b)) where sign != .modulo: return .double(double(a, b))
      default:
        if sign == .add, let sum = try add(left, right, &frame) { return sum }
        if sign == .subtract, let difference = try subtract(left, right) { return difference }
        throw frame.mismatch(left, right)
      }
    } catch {
      throw error.at(position)
    }
  }

  private func integer<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) throws(CELFault) -> Integer {
    let (result, overflow): (Integer, Bool)
    switch sign {
    case .add: (result, overflow) = a.addingReportingOverflow(b)
    case .subtract: (result, overflow) = a.subtractingReportingOverflow(b)
    case .multiply: (result, overflow) = a.multipliedReportingOverflow(by: b)
    case .divide:
      guard b != 0 else { throw CELFault(.divisionByZero) }
      (result, overflow) = a.dividedReportingOverflow(by: b)
    default:
      guard b != 0 else { throw CELFault(.modulusByZero) }
      (result, overflow) = a.remainderReportingOverflow(dividingBy: b)
    }
    if overflow { throw CELFault(.overflow) }
    return result
  }

  private func double(_ a: Double, _ b: Double) -> Double {
    switch sign {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    default: a / b
    }
  }

  private func add(_ left: CELValue, _ right: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue? {
    switch (left, right) {
    case (.string(let a), .string(let b)):
      try frame.charge(bytes: a.utf8.count + b.utf8.count)
      return .string(a + b)
    case (.bytes(let a), .bytes(let b)):
      try frame.charge(bytes: a.count + b.count)
      return .bytes(a + b)
    case (.list(let a), .list(let b)):
      try frame.charge(a.count + b.count)
      return .list(a + b)
    case (.timestamp(let a), .duration(let b)), (.duration(let b), .timestamp(let a)):
      return .timestamp(try inRange(a.adding(b)))
    case (.duration(let a), .duration(let b)): return .duration(try inRange(a.adding(b)))
    default: return nil
    }
  }

  private func subtract(_ left: CELValue, _ right: CELValue) throws(CELFault) -> CELValue? {
    switch (left, right) {
    case (.timestamp(let a), .timestamp(let b)): .duration(try inRange(a.since(b)))
    case (.timestamp(let a), .duration(let b)): .timestamp(try inRange(b.negated.flatMap(a.adding)))
    case (.duration(let a), .duration(let b)): .duration(try inRange(b.negated.flatMap(a.adding)))
    default: nil
    }
  }

  private func inRange<Value>(_ value: Value?) throws(CELFault) -> Value {
    guard let value else { throw CELFault(.overflow) }
    return value
  }
}

final class CELNegateStep: CELStep, @unchecked Sendable {
  private let operand: CELStep

  init(_ operand: CELStep, at position: CELPosition) {
    self.operand = operand
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let value = try operand.evaluate(&frame)
    switch value {
    case .int(let number):
      guard number != .min else { throw CELFault(.overflow, at: position) }
      return .int(-number)
    case .double(let number): return .double(-number)
    default: throw frame.mismatch(value).at(position)
    }
  }
}
