/// `operand[index]`, and `operand[?index]` which gives an optional.
final class CELIndexStep: CELStep, @unchecked Sendable {
  private let operand: CELStep
  private let index: CELStep
  private let isOptional: Bool

  init(_ operand: CELStep, _ index: CELStep, isOptional: Bool, at position: CELPosition) {
    self.operand = operand
    self.index = index
    self.isOptional = isOptional
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let operand = try operand.evaluate(&frame)
    let index = try index.evaluate(&frame)
    if case .optional(let wrapped) = operand {
      guard let wrapped else { return .optional(nil) }
      return .optional(try element(index, of: wrapped, &frame))
    }
    let found = try element(index, of: operand, &frame)
    if isOptional { return .optional(found) }
    if let found { return found }
    frame.detail = .key(index)
    if case .list = operand { throw CELFault(.indexOutOfRange, at: position) }
    throw CELFault(.noSuchKey, at: position)
  }

  private func element(_ index: CELValue, of operand: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue? {
    switch operand {
    case .list(let elements):
      guard let place = try place(index, operand, &frame) else { return nil }
      return elements.indices.contains(place) ? elements[place] : nil
    case .map(let map):
      switch index {
      case .string, .bool, .int, .uint, .double: return map[index]
      default: throw frame.mismatch(operand, index).at(position)
      }
    default: throw frame.mismatch(operand, index).at(position)
    }
  }

  /// A whole number of any type is an index.
  private func place(_ index: CELValue, _ operand: CELValue, _ frame: inout CELFrame) throws(CELFault) -> Int? {
    switch index {
    case .int(let value): return Int(exactly: value)
    case .uint(let value): return Int(exactly: value)
    case .double(let value):
      guard let whole = Int(exactly: value) else {
        frame.detail = .key(index)
        throw CELFault(.indexOutOfRange, at: position)
      }
      return whole
    default: throw frame.mismatch(operand, index).at(position)
    }
  }
}
