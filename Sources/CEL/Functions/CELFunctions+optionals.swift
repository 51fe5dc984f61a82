extension CELFunctions {
  static let optionals: [CELFunction] = [
    CELFunction("optional.of", [.global(.dyn, gives: .optional(.dyn))], .one { (value, _) throws(CELFault) in .optional(value) }),
    CELFunction("optional.none", [.global(gives: .optional(.dyn))], .many { (_, _) throws(CELFault) in .optional(nil) }),
    CELFunction(
      "optional.ofNonZeroValue", [.global(.dyn, gives: .optional(.dyn))],
      .one { (value, _) throws(CELFault) in .optional(value.isZero ? nil : value) }),
    CELFunction(
      "hasValue", [.method(.optional(.dyn), gives: .bool)],
      .one { (value, frame) throws(CELFault) in
        guard case .optional(let wrapped) = value else { throw frame.mismatch(value) }
        return .bool(wrapped != nil)
      }),
    CELFunction(
      "value", [.method(.optional(.dyn), gives: .dyn)],
      .one { (value, frame) throws(CELFault) in
        guard case .optional(let wrapped) = value else { throw frame.mismatch(value) }
        guard let wrapped else { throw CELFault(.noValue) }
        return wrapped
      }),
    CELFunction("or", [.method(.optional(.dyn), .optional(.dyn), gives: .optional(.dyn))], .two(or)),
    CELFunction("orValue", [.method(.optional(.dyn), .dyn, gives: .dyn)], .two(or)),
  ]

  /// Never run: the compiler makes a step of both, which leaves the other value alone if there is a first one.
  private static func or(_ first: CELValue, _ second: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    throw frame.mismatch(first, second)
  }
}

extension CELValue {
  /// Whether this is the value that a type begins with: null, false, zero, or nothing inside.
  fileprivate var isZero: Bool {
    switch self {
    case .null: true
    case .bool(let value): !value
    case .int(let value): value == 0
    case .uint(let value): value == 0
    case .double(let value): value == 0
    case .string(let value): value.isEmpty
    case .bytes(let value): value.isEmpty
    case .list(let value): value.isEmpty
    case .map(let value): value.count == 0
    case .timestamp(let value): value.seconds == 0 && value.nanoseconds == 0
    case .duration(let value): value.seconds == 0 && value.nanoseconds == 0
    case .type: false
    case .optional(let value): value == nil
    }
  }
}

/// `optional.or(other)`, and `optional.orValue(other)` which also takes the value out. The other is only evaluated if it is needed.
final class CELOptionalOrStep: CELStep, @unchecked Sendable {
  private let first: CELStep
  private let second: CELStep
  private let givesValue: Bool

  init(_ first: CELStep, _ second: CELStep, givesValue: Bool, at position: CELPosition) {
    self.first = first
    self.second = second
    self.givesValue = givesValue
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let value = try first.evaluate(&frame)
    guard case .optional(let wrapped) = value else { throw frame.mismatch(value).at(position) }
    if let wrapped { return givesValue ? wrapped : value }
    let other = try second.evaluate(&frame)
    if givesValue { return other }
    guard case .optional = other else { throw frame.mismatch(value, other).at(position) }
    return other
  }
}
