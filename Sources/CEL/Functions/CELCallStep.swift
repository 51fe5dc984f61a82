/// A call with one argument, or of a method without any.
final class CELCallOneStep: CELStep, @unchecked Sendable {
  private let argument: CELStep
  private let body: @Sendable (CELValue, inout CELFrame) throws(CELFault) -> CELValue

  init(
    _ argument: CELStep, _ body: @escaping @Sendable (CELValue, inout CELFrame) throws(CELFault) -> CELValue, at position: CELPosition
  ) {
    self.argument = argument
    self.body = body
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let argument = try argument.evaluate(&frame)
    do throws(CELFault) { return try body(argument, &frame) } catch { throw error.at(position) }
  }
}

/// A call with two arguments, or of a method with one.
final class CELCallTwoStep: CELStep, @unchecked Sendable {
  private let first: CELStep
  private let second: CELStep
  private let body: @Sendable (CELValue, CELValue, inout CELFrame) throws(CELFault) -> CELValue

  init(
    _ first: CELStep, _ second: CELStep, _ body: @escaping @Sendable (CELValue, CELValue, inout CELFrame) throws(CELFault) -> CELValue,
    at position: CELPosition
  ) {
    self.first = first
    self.second = second
    self.body = body
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let first = try first.evaluate(&frame)
    let second = try second.evaluate(&frame)
    do throws(CELFault) { return try body(first, second, &frame) } catch { throw error.at(position) }
  }
}

/// A call with any number of arguments.
final class CELCallManyStep: CELStep, @unchecked Sendable {
  private let arguments: [CELStep]
  private let body: @Sendable ([CELValue], inout CELFrame) throws(CELFault) -> CELValue

  init(
    _ arguments: [CELStep], _ body: @escaping @Sendable ([CELValue], inout CELFrame) throws(CELFault) -> CELValue, at position: CELPosition
  ) {
    self.arguments = arguments
    self.body = body
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    var values: [CELValue] = []
    values.reserveCapacity(arguments.count)
    for argument in arguments { values.append(try argument.evaluate(&frame)) }
    do throws(CELFault) { return try body(values, &frame) } catch { throw error.at(position) }
  }
}
