extension CELChecker {
  mutating func unary(_ sign: CELUnaryOperator, _ operand: CELNode, at position: CELPosition) throws(CELError) -> CELNode {
    let operand = try check(operand)
    switch sign {
    case .not:
      try demand(.bool, of: operand, "what '!' turns round", at: position)
      return CELNode(.unary(sign, operand), at: position, type: .bool)
    case .negate:
      guard operand.type.mayBe(.number) else { throw Self.fault("'-' needs an int or a double, found \(operand.type.name)", at: position) }
      return CELNode(.unary(sign, operand), at: position, type: operand.type)
    }
  }

  mutating func binary(
    _ sign: CELBinaryOperator, _ left: CELNode, _ right: CELNode, at position: CELPosition
  ) throws(CELError) -> CELNode {
    switch sign {
    case .and, .or:
      let left = try check(left)
      let right = try check(right)
      try demand(.bool, of: left, "what is left of '\(sign.rawValue)'", at: position)
      try demand(.bool, of: right, "what is right of '\(sign.rawValue)'", at: position)
      return CELNode(.binary(sign, left, right), at: position, type: .bool)
    case .equal, .notEqual:
      let (left, right) = try sides(left, right)
      try demandComparable(left, right, by: sign, at: position)
      return CELNode(.binary(sign, left, right), at: position, type: .bool)
    case .in:
      let left = try check(left)
      let right = try check(right, wanting: left.type == .type ? .type : nil)
      switch right.type {
      case .dyn, .list, .map, .object: break
      default: throw Self.fault("'in' needs a list or a map on its right, found \(described(right))", at: position)
      }
      if case .list(let element) = right.type, left.literal == nil || right.literal == nil, left.type.isNever(equalTo: element) {
        throw Self.fault("'in' looks for a value of the list's type, found \(described(left)) and \(described(right))", at: position)
      }
      return CELNode(.binary(sign, left, right), at: position, type: .bool)
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      let left = try check(left)
      let right = try check(right)
      guard left.type.isOrdered(with: right.type) else {
        throw mismatch(left, right, by: sign, at: position)
      }
      return CELNode(.binary(sign, left, right), at: position, type: .bool)
    case .add, .subtract, .multiply, .divide, .modulo:
      let left = try check(left)
      let right = try check(right)
      guard let type = sign.result(left.type, right.type) else {
        throw Self.fault("'\(sign.rawValue)' cannot take \(described(left)) and \(described(right))\(Self.hint(left, right, isSum: true))", at: position)
      }
      return CELNode(.binary(sign, left, right), at: position, type: type)
    }
  }

  /// Both sides of an equality; if one is a type, a bare `int` on the other is one too.
  private mutating func sides(_ left: CELNode, _ right: CELNode) throws(CELError) -> (CELNode, CELNode) {
    if case .identifier = left.kind {
      let right = try check(right)
      return (try check(left, wanting: right.type == .type ? .type : nil), right)
    }
    let left = try check(left)
    return (left, try check(right, wanting: left.type == .type ? .type : nil))
  }

  /// Of two sides that can never be equal something was mistaken, unless both are constants: what they say is plain.
  private func demandComparable(_ left: CELNode, _ right: CELNode, by sign: CELBinaryOperator, at position: CELPosition) throws(CELError) {
    guard left.literal == nil || right.literal == nil, left.type.isNever(equalTo: right.type) else { return }
    throw mismatch(left, right, by: sign, at: position)
  }

  private func mismatch(_ left: CELNode, _ right: CELNode, by sign: CELBinaryOperator, at position: CELPosition) -> CELError {
    Self.fault(
      "'\(sign.rawValue)' compares values of one type, found \(described(left)) and \(described(right))\(Self.hint(left, right))", at: position)
  }

  /// A part as it is written, with its type: `likes (number)`.
  func described(_ node: CELNode) -> String {
    let text = source.utf8.dropFirst(node.span.lowerBound).prefix(node.span.count)
    guard !text.isEmpty, text.count <= 40, !text.contains(UInt8(ascii: "\n")) else { return node.type.nameWithArticle }
    return "\(String(decoding: text, as: UTF8.self)) (\(node.type.name))"
  }

  /// How two values of these types can be brought together.
  private static func hint(_ left: CELNode, _ right: CELNode, isSum: Bool = false) -> String {
    for (side, other) in [(left, right), (right, left)] where other.type.isNumeric && other.type != .dyn {
      guard case .string(let text)? = side.literal, let last = text.utf8.last, CELLexer.isDigit(last), Double(text) != nil else { continue }
      return "; write \(text) without quotation marks"
    }
    return switch (left.type, right.type) {
    case (.timestamp, .string) where isSum: "; write duration(…) around the string"
    case (.timestamp, .string), (.string, .timestamp): "; write timestamp(…) around the string"
    case (.duration, .string), (.string, .duration): "; write duration(…) around the string"
    case (.string, .int), (.string, .number), (.int, .string), (.number, .string): "; convert one with int(…) or string(…)"
    case (.double, .int), (.int, .double): "; convert one with double(…) or int(…)"
    case (.type, .string), (.string, .type): "; write the type's name without quotation marks"
    case (.uint, .int), (.int, .uint): "; convert one with uint(…) or int(…)"
    default: ""
    }
  }
}

extension CELType {
  fileprivate func isOrdered(with other: CELType) -> Bool {
    if self == .dyn || other == .dyn { return true }
    if isNumeric, other.isNumeric { return true }
    switch self {
    case .bool, .string, .bytes, .timestamp, .duration: return self == other
    default: return false
    }
  }
}

extension CELType {
  /// Whether it is known of two values that they are never equal. Anything may be null, and an empty list equals any other.
  fileprivate func isNever(equalTo other: CELType) -> Bool {
    if isNumeric, other.isNumeric { return false }
    return switch (self, other) {
    case (.dyn, _), (_, .dyn), (.null, _), (_, .null), (.list, .list), (.optional, .optional): false
    case (.map, .map), (.map, .object), (.object, .map), (.object, .object): false
    default: self != other
    }
  }
}

extension CELBinaryOperator {
  /// What the operator takes and gives.
  private var overloads: [(CELType, CELType, CELType)] {
    let numbers: [(CELType, CELType, CELType)] = [(.int, .int, .int), (.uint, .uint, .uint), (.double, .double, .double)]
    switch self {
    case .add:
      return numbers + [
        (.string, .string, .string), (.bytes, .bytes, .bytes), (.timestamp, .duration, .timestamp), (.duration, .timestamp, .timestamp),
        (.duration, .duration, .duration),
      ]
    case .subtract:
      return numbers + [(.timestamp, .timestamp, .duration), (.timestamp, .duration, .timestamp), (.duration, .duration, .duration)]
    case .multiply, .divide: return numbers
    case .modulo: return [(.int, .int, .int), (.uint, .uint, .uint)]
    default: return []
    }
  }

  /// What the operator gives for two types; nil if it takes no such values.
  fileprivate func result(_ left: CELType, _ right: CELType) -> CELType? {
    if self == .add {
      switch (left, right) {
      case (.list, .list): return left.joined(right)
      case (.list, .dyn), (.dyn, .list): return .list(.dyn)
      default: break
      }
    }
    let fitting = overloads.filter { left.mayBe($0.0) && right.mayBe($0.1) }.map(\.2)
    guard let first = fitting.first else { return nil }
    if self == .add, left == .dyn, right == .dyn { return .dyn }
    return fitting.dropFirst().reduce(first) { $0 == .int && $1 == .double ? .number : $0.joined($1) }
  }
}
