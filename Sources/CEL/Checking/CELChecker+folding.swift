extension CELChecker {
  /// The node's value as a literal, if all below it is constant and it has one. What fails stays as it is, to fail when it is
  /// evaluated: `false && 1 / 0 > 0` is false.
  mutating func fold(_ node: CELNode) -> CELNode {
    switch node.kind {
    case .literal, .identifier, .comprehension, .bind, .optionalEntry: return node
    case .binary(.and, let left, let right):
      if left.literal == .bool(false) { return left }
      if right.literal == .bool(false) { return right }
    case .binary(.or, let left, let right):
      if left.literal == .bool(true) { return left }
      if right.literal == .bool(true) { return right }
    default: break
    }
    guard foldingBudget > 0, !node.isFault, node.children.allSatisfy({ $0.literal != nil || $0.isOptionalLiteral }) else { return node }
    let program = CELProgram(node, in: environment)
    var value: CELValue?
    var left = 0
    program.run([:] as [String: CELValue], budget: foldingBudget) { step, frame in
      do throws(CELFault) { value = try step.evaluate(&frame) } catch { value = nil }
      left = frame.budget
    }
    foldingBudget = left - 1
    return value.map { CELNode(.literal($0), at: node.position, type: node.type) } ?? node
  }
}

extension CELNode {
  fileprivate var isFault: Bool {
    if case .call("@fault", _, _) = kind { return true }
    return false
  }

  fileprivate var isOptionalLiteral: Bool {
    if case .optionalEntry(let operand) = kind { return operand.literal != nil }
    return false
  }
}
