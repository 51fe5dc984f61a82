/// `left == right` and `left != right`.
final class CELEqualStep: CELCondition, @unchecked Sendable {
  private let left: CELStep
  private let right: CELStep
  private let wanted: Bool

  init(_ left: CELStep, _ right: CELStep, negated: Bool, at position: CELPosition) {
    self.left = left
    self.right = right
    wanted = !negated
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    let left = try left.lazy(&frame)
    return try frame.equal(left, right.lazy(&frame)) == wanted
  }
}

/// `operand == constant` and `operand != constant`.
final class CELEqualLiteralStep: CELCondition, @unchecked Sendable {
  private let operand: CELStep
  private let literal: CELValue
  private let wanted: Bool

  init(_ operand: CELStep, _ literal: CELValue, negated: Bool, at position: CELPosition) {
    self.operand = operand
    self.literal = literal
    wanted = !negated
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    switch try operand.lazy(&frame) {
    case .raw(let raw): try frame.equal(raw, literal) == wanted
    case .value(let value): try frame.equal(value, literal) == wanted
    }
  }
}

/// `left < right` and its three sisters.
final class CELOrderStep: CELCondition, @unchecked Sendable {
  private let left: CELStep
  private let right: CELStep
  private let sign: CELBinaryOperator

  init(_ left: CELStep, _ sign: CELBinaryOperator, _ right: CELStep, at position: CELPosition) {
    self.left = left
    self.right = right
    self.sign = sign
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    let left = try left.evaluate(&frame)
    let right = try right.evaluate(&frame)
    switch left.order(right) {
    case .incomparable: throw frame.mismatch(left, right).at(position)
    case .unordered: return false
    case .by(let order):
      switch sign {
      case .less: return order < 0
      case .lessOrEqual: return order <= 0
      case .greater: return order > 0
      default: return order >= 0
      }
    }
  }
}

/// `element in container`: among a list's elements, or among a map's keys.
final class CELInStep: CELCondition, @unchecked Sendable {
  private let element: CELStep
  private let container: CELStep

  init(_ element: CELStep, _ container: CELStep, at position: CELPosition) {
    self.element = element
    self.container = container
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    let element = try element.evaluate(&frame)
    let container = try container.evaluate(&frame)
    switch container {
    case .list(let elements):
      for candidate in elements {
        try frame.charge(1)
        if try frame.equal(element, candidate) { return true }
      }
      return false
    case .map(let map):
      return map[element] != nil
    default: throw frame.mismatch(element, container).at(position)
    }
  }
}

/// `element in ["draft", "open"]`, with constants only.
final class CELInLiteralsStep: CELCondition, @unchecked Sendable {
  private let element: CELStep
  private let list: [CELValue]
  /// For long lists of strings and ints, which are then found by hash; nil for short or mixed ones.
  private let hashed: Set<CELValue>?

  init(_ element: CELStep, _ list: [CELValue], at position: CELPosition) {
    self.element = element
    self.list = list
    let isHashable = list.count > 16 && list.allSatisfy { if case .string = $0 { true } else { false } }
    hashed = isHashable ? Set(list) : nil
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    let element = try element.lazy(&frame)
    if let hashed { return hashed.contains(try frame.value(element)) }
    switch element {
    case .raw(let raw):
      for candidate in list where try frame.equal(raw, candidate) { return true }
    case .value(let value):
      for candidate in list where try frame.equal(value, candidate) { return true }
    }
    return false
  }
}
