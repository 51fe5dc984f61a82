/// `left && right`. If one side is false the answer is false, whatever becomes of the other: a fault there is absorbed.
final class CELAndStep: CELCondition, @unchecked Sendable {
  private let left: CELStep
  private let right: CELStep

  init(_ left: CELStep, _ right: CELStep, at position: CELPosition) {
    self.left = left
    self.right = right
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    do throws(CELFault) {
      guard try left.test(&frame) else { return false }
    } catch {
      if error.isFinal { throw error }
      let detail = frame.detail
      guard try right.test(&frame) else { return false }
      frame.detail = detail
      throw error
    }
    return try right.test(&frame)
  }
}

/// `left || right`. If one side is true the answer is true, whatever becomes of the other.
final class CELOrStep: CELCondition, @unchecked Sendable {
  private let left: CELStep
  private let right: CELStep

  init(_ left: CELStep, _ right: CELStep, at position: CELPosition) {
    self.left = left
    self.right = right
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    do throws(CELFault) {
      if try left.test(&frame) { return true }
    } catch {
      if error.isFinal { throw error }
      let detail = frame.detail
      if try right.test(&frame) { return true }
      frame.detail = detail
      throw error
    }
    return try right.test(&frame)
  }
}

final class CELNotStep: CELCondition, @unchecked Sendable {
  private let operand: CELStep

  init(_ operand: CELStep, at position: CELPosition) {
    self.operand = operand
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool { !(try operand.test(&frame)) }
}

/// `condition ? then : otherwise`; only the chosen one is evaluated.
final class CELChoiceStep: CELStep, @unchecked Sendable {
  private let condition: CELStep
  private let then: CELStep
  private let otherwise: CELStep

  init(_ condition: CELStep, _ then: CELStep, _ otherwise: CELStep, at position: CELPosition) {
    self.condition = condition
    self.then = then
    self.otherwise = otherwise
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    try condition.test(&frame) ? try then.evaluate(&frame) : try otherwise.evaluate(&frame)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    try condition.test(&frame) ? try then.test(&frame) : try otherwise.test(&frame)
  }

  override func lazy(_ frame: inout CELFrame) throws(CELFault) -> CELLazy {
    try condition.test(&frame) ? try then.lazy(&frame) : try otherwise.lazy(&frame)
  }
}
