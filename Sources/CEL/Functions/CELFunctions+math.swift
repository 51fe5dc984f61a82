extension CELFunctions {
  static let math: [CELFunction] =
    ["math.greatest", "math.least"].map { name in
      CELFunction(name, extremeOverloads, .many { (arguments, frame) throws(CELFault) in try extreme(arguments, isGreatest: name == "math.greatest", &frame) })
    } + [
      rounding("math.ceil", .up), rounding("math.floor", .down), rounding("math.round", .toNearestOrAwayFromZero), rounding("math.trunc", .towardZero),
      CELFunction("math.abs", numbers.map { .global($0, gives: $0) }, .one(abs)),
      CELFunction("math.sign", numbers.map { .global($0, gives: $0) }, .one(sign)),
      CELFunction("math.sqrt", numbers.map { .global($0, gives: .double) }, .one(squareRoot)),
      asking("math.isNaN") { $0.isNaN }, asking("math.isInf") { $0.isInfinite }, asking("math.isFinite") { $0.isFinite },
      bits("math.bitAnd", { $0 & $1 }), bits("math.bitOr", { $0 | $1 }), bits("math.bitXor", { $0 ^ $1 }),
      CELFunction("math.bitNot", [.global(.int, gives: .int), .global(.uint, gives: .uint)], .one(bitNot)),
      // As the definition has it, an int is shifted as its bits: nothing but zeros comes in.
      shift("math.bitShiftLeft") { $0 << $1 }, shift("math.bitShiftRight") { $0 >> $1 },
    ]

  private static let numbers: [CELType] = [.int, .uint, .double]

  private static let extremeOverloads: [CELFunction.Overload] = [
    .global(.list(.dyn), gives: .dyn), CELFunction.Overload(isMethod: false, parameters: [.number], result: .dyn, rest: .dyn),
    CELFunction.Overload(isMethod: false, parameters: [.uint], result: .dyn, rest: .dyn),
  ]

  private static func extreme(_ arguments: [CELValue], isGreatest: Bool, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    var candidates = arguments
    if arguments.count == 1, case .list(let elements) = arguments[0] { candidates = elements }
    try frame.charge(candidates.count)
    guard var best = candidates.first else {
      frame.detail = .text("the list is empty")
      throw CELFault(.badArgument)
    }
    guard best.isNumber else { throw frame.mismatch(best) }
    for candidate in candidates.dropFirst() {
      guard candidate.isNumber else { throw frame.mismatch(candidate) }
      guard case .by(let order) = candidate.order(best) else { continue }
      if isGreatest ? order > 0 : order < 0 { best = candidate }
    }
    return best
  }

  private static func rounding(_ name: String, _ rule: FloatingPointRoundingRule) -> CELFunction {
    CELFunction(
      name, [.global(.double, gives: .double)],
      .one { (value, frame) throws(CELFault) in
        guard case .double(let number) = value else { throw frame.mismatch(value) }
        return .double(number.rounded(rule))
      })
  }

  private static func asking(_ name: String, _ question: @escaping @Sendable (Double) -> Bool) -> CELFunction {
    CELFunction(
      name, [.global(.double, gives: .bool)],
      .one { (value, frame) throws(CELFault) in
        guard case .double(let number) = value else { throw frame.mismatch(value) }
        return .bool(question(number))
      })
  }

  private static func abs(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .int(let number):
      guard number != .min else { throw CELFault(.overflow) }
      return .int(Swift.abs(number))
    case .uint: return value
    case .double(let number): return .double(number.magnitude)
    default: throw frame.mismatch(value)
    }
  }

  private static func sign(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .int(let number): return .int(number.signum())
    case .uint(let number): return .uint(number == 0 ? 0 : 1)
    case .double(let number): return .double(number.isNaN ? .nan : number > 0 ? 1 : number < 0 ? -1 : 0)
    default: throw frame.mismatch(value)
    }
  }

  private static func squareRoot(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .int(let number): return .double(Double(number).squareRoot())
    case .uint(let number): return .double(Double(number).squareRoot())
    case .double(let number): return .double(number.squareRoot())
    default: throw frame.mismatch(value)
    }
  }

  private static func bits(_ name: String, _ operation: @escaping @Sendable (UInt64, UInt64) -> UInt64) -> CELFunction {
    CELFunction(
      name, [.global(.int, .int, gives: .int), .global(.uint, .uint, gives: .uint)],
      .two { (left, right, frame) throws(CELFault) in
        switch (left, right) {
        case (.int(let a), .int(let b)): return .int(Int64(bitPattern: operation(UInt64(bitPattern: a), UInt64(bitPattern: b))))
        case (.uint(let a), .uint(let b)): return .uint(operation(a, b))
        default: throw frame.mismatch(left, right)
        }
      })
  }

  private static func bitNot(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .int(let number): return .int(~number)
    case .uint(let number): return .uint(~number)
    default: throw frame.mismatch(value)
    }
  }

  private static func shift(_ name: String, _ operation: @escaping @Sendable (UInt64, Int64) -> UInt64) -> CELFunction {
    CELFunction(
      name, [.global(.int, .int, gives: .int), .global(.uint, .int, gives: .uint)],
      .two { (value, count, frame) throws(CELFault) in
        guard case .int(let places) = count else { throw frame.mismatch(value, count) }
        guard places >= 0 else {
          frame.detail = .text("a shift by a negative number of bits")
          throw CELFault(.badArgument)
        }
        switch value {
        case .int(let number): return .int(Int64(bitPattern: operation(UInt64(bitPattern: number), min(places, 64))))
        case .uint(let number): return .uint(operation(number, min(places, 64)))
        default: throw frame.mismatch(value, count)
        }
      })
  }
}
