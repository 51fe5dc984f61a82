extension CELFunctions {
  static let patterns: [CELFunction] = [
    CELFunction("matches", [.method(.string, .string, gives: .bool), .global(.string, .string, gives: .bool)], .two(matches))
  ]

  /// With a pattern that is only known now. A constant one is compiled once; see `CELMatchStep`.
  private static func matches(_ text: CELValue, _ pattern: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    guard case .string(let text) = text, case .string(let pattern) = pattern else { throw frame.mismatch(text, pattern) }
    try frame.charge(8 * pattern.utf8.count)
    let regex: CELRegex
    do throws(CELRegexFault) {
      regex = try CELRegex(pattern)
    } catch {
      frame.detail = .text("the regular expression has \(error.message)")
      throw CELFault(.badArgument)
    }
    return .bool(try regex.isFound(in: text, budget: &frame.budget))
  }
}

/// `text.matches("constant")`.
final class CELMatchStep: CELCondition, @unchecked Sendable {
  private let text: CELStep
  private let regex: CELRegex

  init(_ text: CELStep, _ regex: CELRegex, at position: CELPosition) {
    self.text = text
    self.regex = regex
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    let value = try text.evaluate(&frame)
    guard case .string(let text) = value else { throw frame.mismatch(value, .string("")).at(position) }
    return try regex.isFound(in: text, budget: &frame.budget)
  }
}
