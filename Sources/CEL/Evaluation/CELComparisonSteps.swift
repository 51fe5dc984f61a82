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
  /// The literal, if it is a string.
  private let text: CELTextSet?
  private let wanted: Bool

  init(_ operand: CELStep, _ literal: CELValue, negated: Bool, at position: CELPosition) {
    self.operand = operand
    self.literal = literal
    if case .string(let string) = literal { text = CELTextSet([string]) } else { text = nil }
    wanted = !negated
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    switch try operand.lazy(&frame) {
    case .raw(let raw):
      if let text, let isText = frame.isOne(raw, of: text) { return isText == wanted }
      return try frame.equal(raw, literal) == wanted
    case .value(let value): return try frame.equal(value, literal) == wanted
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

/// `variable == null` and `variable != null`, as most rules begin.
final class CELNullCheckStep: CELCondition, @unchecked Sendable {
  private let variable: Int
  private let wanted: Bool

  init(_ variable: Int, negated: Bool, at position: CELPosition) {
    self.variable = variable
    wanted = !negated
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    switch frame.kinds[variable] {
    case .missing: throw CELFault(.noSuchVariable, at: position)
    case .document: return !wanted
    case .value:
      if case .null = frame.values[variable] { return wanted }
      return !wanted
    }
  }
}

/// `element in ["draft", "open"]`, with constants only.
final class CELInLiteralsStep: CELCondition, @unchecked Sendable {
  private let element: CELStep
  private let list: [CELValue]
  /// The list, if it has only strings.
  private let texts: CELTextSet?

  init(_ element: CELStep, _ list: [CELValue], at position: CELPosition) {
    self.element = element
    self.list = list
    let texts = list.compactMap { value -> String? in if case .string(let text) = value { text } else { nil } }
    self.texts = texts.count == list.count ? CELTextSet(texts) : nil
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    switch try element.lazy(&frame) {
    case .raw(let raw):
      if let texts, let isOne = frame.isOne(raw, of: texts) { return isOne }
      return try isOne(frame.value(raw), &frame)
    case .value(let value): return try isOne(value, &frame)
    }
  }

  private func isOne(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> Bool {
    if let texts {
      guard case .string(let text) = value else { return false }
      return CELText.withBytes(text) { texts.contains($0) }
    }
    try frame.charge(list.count)
    for candidate in list where try frame.equal(value, candidate) { return true }
    return false
  }
}
