extension CELParser {
  /// A literal, a name, a call, a list, a map or something in parentheses, with the fields, indexes and calls behind it.
  mutating func member() throws(CELSyntaxFault) -> CELNode {
    let start = token.start
    let first = try primary()
    return try members(of: first.spanning(start..<taken.end), from: start)
  }

  mutating func members(of first: CELNode, from start: Int) throws(CELSyntaxFault) -> CELNode {
    var node = first
    while true {
      let position = position()
      if try skip(".") {
        if try skip("?") {
          let (name, namePosition) = try fieldName()
          node = try make(.optionalSelect(operand: node, field: name), at: namePosition)
        } else {
          node = try field(of: node)
        }
      } else if try skip("[") {
        let optional = try skip("?")
        let operand = node
        let index = try nested { (parser) throws(CELSyntaxFault) in try parser.expression() }
        try close("]", opened: position, opening: "[")
        node = try make(optional ? .optionalIndex(operand: operand, index: index) : .index(operand: operand, index: index), at: position)
      } else {
        return node
      }
      node = node.spanning(start..<taken.end)
    }
  }

  private mutating func fieldName() throws(CELSyntaxFault) -> (String, CELPosition) {
    let position = position()
    switch token.kind {
    case .identifier(let name), .quotedName(let name):
      try advance()
      return (name, position)
    default: throw unexpected("a field's name after '.'")
    }
  }

  private mutating func field(of operand: CELNode) throws(CELSyntaxFault) -> CELNode {
    let nameStart = token
    let (name, position) = try fieldName()
    guard isSign("("), case .identifier = nameStart.kind else {
      return try make(.select(operand: operand, field: name, testOnly: false), at: position)
    }
    let arguments = try arguments()
    if let macro = try macro(name, on: operand, arguments, at: position, offset: nameStart.start) { return macro }
    return try make(.call(function: name, target: operand, arguments: arguments), at: position)
  }

  mutating func arguments() throws(CELSyntaxFault) -> [CELNode] {
    let opened = position()
    try advance()
    return try nested { (parser) throws(CELSyntaxFault) in
      var arguments: [CELNode] = []
      while !parser.isSign(")") {
        arguments.append(try parser.expression())
        guard try parser.skip(",") else { break }
        guard !parser.isSign(")") else { throw parser.unexpected("another argument after ','") }
      }
      try parser.close(")", opened: opened, opening: "(")
      return arguments
    }
  }

  private mutating func primary() throws(CELSyntaxFault) -> CELNode {
    let position = position()
    switch token.kind {
    case .identifier(let name): return try named(name, root: false, at: position)
    case .sign("."):
      try advance()
      guard case .identifier(let name) = token.kind else { throw unexpected("a name after '.'") }
      return try named(name, root: true, at: position)
    case .sign("("):
      try advance()
      let inner = try nested { (parser) throws(CELSyntaxFault) in try parser.expression() }
      try close(")", opened: position, opening: "(")
      return inner
    case .sign("["): return try list(at: position)
    case .sign("{"): return try map(at: position)
    default:
      guard let value = try literal() else { throw unexpectedValue() }
      try advance()
      return try make(.literal(value), at: position)
    }
  }

  private func literal() throws(CELSyntaxFault) -> CELValue? {
    switch token.kind {
    case .integer(let magnitude):
      guard let magnitude, let value = Int64(exactly: magnitude) else {
        throw CELSyntaxFault(
          offset: token.start, message: "this number is past the range of int, which ends at 9223372036854775807; write 'u' behind it for an uint")
      }
      return .int(value)
    case .unsigned(let value): return .uint(value)
    case .double(let value): return .double(value)
    case .string(let value): return .string(value)
    case .bytes(let value): return .bytes(value)
    case .keyword("true"): return .bool(true)
    case .keyword("false"): return .bool(false)
    case .keyword("null"): return .null
    default: return nil
    }
  }

  private mutating func named(_ name: String, root: Bool, at position: CELPosition) throws(CELSyntaxFault) -> CELNode {
    let offset = token.start
    guard !CELToken.reserved.contains(name) else {
      throw CELSyntaxFault(
        offset: offset,
        message: "'\(name)' is a reserved word\(CELForeignWords.reserved[name].map { "; \($0)" } ?? ""); "
          + "a field of that name is written with what it belongs to, as in document.\(name)")
    }
    try advance()
    guard isSign("(") else { return try make(.identifier(root ? ".\(name)" : name), at: position) }
    let arguments = try arguments()
    if let macro = try macro(name, on: nil, arguments, at: position, offset: offset) { return macro }
    return try make(.call(function: name, target: nil, arguments: arguments), at: position)
  }

  private mutating func list(at position: CELPosition) throws(CELSyntaxFault) -> CELNode {
    try advance()
    let elements = try nested { (parser) throws(CELSyntaxFault) in
      var elements: [CELNode] = []
      while !parser.isSign("]") {
        elements.append(try parser.entry())
        guard try parser.skip(",") else { break }
      }
      return elements
    }
    try close("]", opened: position, opening: "[")
    return try make(.list(elements), at: position)
  }

  /// An expression, or `?` and an expression that gives an optional.
  private mutating func entry() throws(CELSyntaxFault) -> CELNode {
    let position = position()
    guard try skip("?") else { return try expression() }
    let optional = try expression()
    return try make(.optionalEntry(optional), at: position)
  }

  private mutating func map(at position: CELPosition) throws(CELSyntaxFault) -> CELNode {
    try advance()
    let entries = try nested { (parser) throws(CELSyntaxFault) in
      var entries: [(key: CELNode, value: CELNode)] = []
      while !parser.isSign("}") {
        let entryPosition = parser.position()
        let optional = try parser.skip("?")
        let key = try parser.expression()
        guard try parser.skip(":") else { throw parser.unexpected("':' and a value after the map's key") }
        let value = try parser.expression()
        entries.append((key, optional ? try parser.make(.optionalEntry(value), at: entryPosition) : value))
        guard try parser.skip(",") else { break }
      }
      return entries
    }
    try close("}", opened: position, opening: "{")
    return try make(.map(entries), at: position)
  }
}
