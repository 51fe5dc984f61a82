/// Builds the tree from the tokens, by precedence. Names and types are not looked at here.
struct CELParser {
  let limits: CELLimits
  private var lexer: CELLexer
  private(set) var token: CELToken
  /// The token before that one.
  private(set) var taken = CELToken(kind: .end, start: 0, end: 0)
  private var nodes = 0
  private var nesting = 0
  /// Where the last asked-for byte stands; offsets only grow, so counting goes on from here.
  private var counted: (offset: Int, line: Int, column: Int) = (0, 1, 1)

  /// The tree of a whole source. Throws what is wrong with it first.
  static func parse(_ source: String, limits: CELLimits) throws(CELError) -> CELNode {
    guard source.utf8.count <= limits.sourceBytesMax else {
      throw CELError(line: 1, column: 1, message: "the expression has \(source.utf8.count) bytes; at most \(limits.sourceBytesMax) are allowed")
    }
    let bytes = Array(source.utf8)
    do throws(CELSyntaxFault) {
      var parser = try CELParser(bytes, limits: limits)
      let node = try parser.expression()
      guard parser.token.kind == .end else { throw parser.unexpectedOperator("an operator or the end") }
      return node
    } catch {
      let position = CELPosition(offset: error.offset, in: bytes)
      throw CELError(line: position.line, column: position.column, message: error.message)
    }
  }

  private init(_ source: [UInt8], limits: CELLimits) throws(CELSyntaxFault) {
    self.limits = limits
    lexer = CELLexer(source)
    token = try lexer.next()
  }

  // MARK: Tokens

  mutating func advance() throws(CELSyntaxFault) {
    taken = token
    token = try lexer.next()
  }

  func isSign(_ sign: String) -> Bool { token.kind == .sign(sign) }

  mutating func skip(_ sign: String) throws(CELSyntaxFault) -> Bool {
    guard isSign(sign) else { return false }
    try advance()
    return true
  }

  /// Takes the bracket that closes what was opened at `opened`.
  mutating func close(_ sign: String, opened: CELPosition, opening: String) throws(CELSyntaxFault) {
    guard try skip(sign) else {
      throw unexpectedOperator("'\(sign)' to close the '\(opening)' of line \(opened.line), column \(opened.column)")
    }
  }

  mutating func position() -> CELPosition {
    while counted.offset < token.start {
      let byte = lexer.source[counted.offset]
      if byte == UInt8(ascii: "\n") {
        counted.line += 1
        counted.column = 1
      } else if byte & 0xC0 != 0x80 {
        counted.column += 1
      }
      counted.offset += 1
    }
    return CELPosition(line: counted.line, column: counted.column)
  }

  // MARK: Bounds

  mutating func make(_ kind: CELNode.Kind, at position: CELPosition) throws(CELSyntaxFault) -> CELNode {
    nodes += 1
    guard nodes <= limits.nodesMax else {
      throw CELSyntaxFault(offset: token.start, message: "the expression is too large: it has more than \(limits.nodesMax) parts")
    }
    let node = CELNode(kind, at: position)
    guard node.depth <= limits.depthMax else {
      throw CELSyntaxFault(offset: token.start, message: "the expression is too deep: it has more than \(limits.depthMax) levels")
    }
    return node
  }

  mutating func nested<Result>(_ parse: (inout CELParser) throws(CELSyntaxFault) -> Result) throws(CELSyntaxFault) -> Result {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= limits.nestingMax else {
      throw CELSyntaxFault(offset: token.start, message: "the expression is nested too deep: more than \(limits.nestingMax) levels")
    }
    return try parse(&self)
  }

  // MARK: Operators

  mutating func expression() throws(CELSyntaxFault) -> CELNode {
    let start = token.start
    let condition = try disjunction()
    guard isSign("?") else { return condition }
    let position = position()
    try advance()
    return try nested { (parser) throws(CELSyntaxFault) in
      let then = try parser.disjunction()
      guard try parser.skip(":") else { throw parser.unexpectedOperator("':' and what else holds, after '?' and its value") }
      let otherwise = try parser.expression()
      return try parser.make(.conditional(condition: condition, then: then, otherwise: otherwise), at: position)
        .spanning(start..<parser.taken.end)
    }
  }

  private mutating func disjunction() throws(CELSyntaxFault) -> CELNode {
    try chain(.or) { (parser) throws(CELSyntaxFault) in
      try parser.chain(.and) { (parser) throws(CELSyntaxFault) in try parser.binary(above: 0) }
    }
  }

  /// `a && b && c …` as a balanced tree: the order of evaluation does not matter, and long chains stay shallow.
  private mutating func chain(
    _ sign: CELBinaryOperator, of operand: (inout CELParser) throws(CELSyntaxFault) -> CELNode
  ) throws(CELSyntaxFault) -> CELNode {
    var start = token.start
    let first = try operand(&self)
    guard isSign(sign.rawValue) else { return first }
    var operands = [(node: first, span: start..<taken.end)]
    var positions: [CELPosition] = []
    while isSign(sign.rawValue) {
      positions.append(position())
      try advance()
      start = token.start
      let next = try operand(&self)
      operands.append((next, start..<taken.end))
    }
    return try balanced(sign, operands[...], positions[...])
  }

  /// Each operand comes with what was written for it, brackets and all.
  private mutating func balanced(
    _ sign: CELBinaryOperator, _ operands: ArraySlice<(node: CELNode, span: Range<Int>)>, _ positions: ArraySlice<CELPosition>
  ) throws(CELSyntaxFault) -> CELNode {
    let first = operands[operands.startIndex]
    guard operands.count > 1 else { return first.node }
    let half = (operands.count + 1) / 2
    let left = try balanced(sign, operands.prefix(half), positions.prefix(half - 1))
    let right = try balanced(sign, operands.dropFirst(half), positions.dropFirst(half))
    return try make(.binary(sign, left, right), at: positions[positions.startIndex + half - 1])
      .spanning(first.span.lowerBound..<operands[operands.endIndex - 1].span.upperBound)
  }

  private static let binaryOperators: [String: (sign: CELBinaryOperator, precedence: Int)] = [
    "==": (.equal, 1), "!=": (.notEqual, 1), "<": (.less, 1), "<=": (.lessOrEqual, 1), ">": (.greater, 1), ">=": (.greaterOrEqual, 1),
    "in": (.in, 1), "+": (.add, 2), "-": (.subtract, 2), "*": (.multiply, 3), "/": (.divide, 3), "%": (.modulo, 3),
  ]

  private var binaryOperator: (sign: CELBinaryOperator, precedence: Int)? {
    switch token.kind {
    case .sign(let text), .keyword(let text): Self.binaryOperators[text]
    default: nil
    }
  }

  /// Operators that bind tighter than `precedence`, from left to right.
  private mutating func binary(above precedence: Int) throws(CELSyntaxFault) -> CELNode {
    let start = token.start
    var left = try unary()
    while let (sign, strength) = binaryOperator, strength > precedence {
      let position = position()
      try advance()
      let right = try binary(above: strength)
      left = try make(.binary(sign, left, right), at: position).spanning(start..<taken.end)
    }
    return left
  }

  private mutating func unary() throws(CELSyntaxFault) -> CELNode {
    let position = position()
    let start = token.start
    if try skip("!") {
      return try nested { (parser) throws(CELSyntaxFault) in
        let operand = try parser.unary()
        return try parser.make(.unary(.not, operand), at: position).spanning(start..<parser.taken.end)
      }
    }
    guard try skip("-") else { return try member() }
    if let literal = try negativeNumber(at: position) { return try members(of: literal.spanning(start..<taken.end), from: start) }
    return try nested { (parser) throws(CELSyntaxFault) in
      let operand = try parser.unary()
      return try parser.make(.unary(.negate, operand), at: position).spanning(start..<parser.taken.end)
    }
  }

  /// A sign right before digits belongs to them: -9223372036854775808 is an int though 9223372036854775808 is not.
  private mutating func negativeNumber(at position: CELPosition) throws(CELSyntaxFault) -> CELNode? {
    let value: CELValue
    switch token.kind {
    case .integer(let magnitude):
      guard let magnitude, magnitude <= UInt64(Int64.max) + 1 else {
        throw CELSyntaxFault(offset: token.start, message: "this number is past the range of int, which begins at -9223372036854775808")
      }
      value = .int(Int64(truncatingIfNeeded: 0 &- magnitude))
    case .double(let magnitude): value = .double(-magnitude)
    default: return nil
    }
    try advance()
    return try make(.literal(value), at: position)
  }
}
