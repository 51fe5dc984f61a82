extension CELParser {
  /// The node of a macro's call, or nil if the name is no macro's.
  mutating func macro(
    _ name: String, on target: CELNode?, _ arguments: [CELNode], at position: CELPosition, offset: Int
  ) throws(CELSyntaxFault) -> CELNode? {
    guard let target else { return name == "has" ? try has(arguments, at: position, offset: offset) : nil }
    if name == "bind", case .identifier("cel") = target.kind { return try bind(arguments, at: position, offset: offset) }
    if name == "optMap" || name == "optFlatMap" { return try optionalMap(name, target, arguments, at: position, offset: offset) }
    if name == "sortBy" { return try sortBy(target, arguments, at: position, offset: offset) }
    guard let macro = CELComprehension.Macro(rawValue: name == "existsOne" ? "exists_one" : name) else { return nil }
    return try loop(macro, named: name, over: target, arguments, at: position, offset: offset)
  }

  private mutating func has(_ arguments: [CELNode], at position: CELPosition, offset: Int) throws(CELSyntaxFault) -> CELNode {
    if arguments.count == 1 {
      if case .select(let operand, let field, false) = arguments[0].kind {
        return try make(.select(operand: operand, field: field, testOnly: true), at: position)
      }
      // A bare field name; whether names may be bare is the checker's to say.
      if case .identifier = arguments[0].kind { return try make(.call(function: "has", target: nil, arguments: arguments), at: position) }
    }
    throw CELSyntaxFault(offset: offset, message: "has() takes one field, as in has(document.title)")
  }

  private func variable(_ node: CELNode, of macro: String, offset: Int) throws(CELSyntaxFault) -> String {
    guard case .identifier(let name) = node.kind, !name.hasPrefix(".") else {
      throw CELSyntaxFault(offset: offset, message: "\(macro)() needs a simple name for its variable, as in tags.exists(tag, tag == \"new\")")
    }
    return name
  }

  private mutating func bind(_ arguments: [CELNode], at position: CELPosition, offset: Int) throws(CELSyntaxFault) -> CELNode {
    guard arguments.count == 3 else {
      throw CELSyntaxFault(offset: offset, message: "cel.bind() takes a name, its value and an expression that uses it, found \(arguments.count) arguments")
    }
    let name = try variable(arguments[0], of: "cel.bind", offset: offset)
    return try make(.bind(name: name, value: arguments[1], body: arguments[2]), at: position)
  }

  /// `target.optMap(x, f(x))` is `cel.bind(o, target, o.hasValue() ? optional.of(cel.bind(x, o.value(), f(x))) : optional.none())`.
  private mutating func optionalMap(
    _ name: String, _ target: CELNode, _ arguments: [CELNode], at position: CELPosition, offset: Int
  ) throws(CELSyntaxFault) -> CELNode {
    guard arguments.count == 2 else {
      throw CELSyntaxFault(offset: offset, message: "\(name)() takes a name and an expression, found \(arguments.count) arguments")
    }
    let variable = try variable(arguments[0], of: name, offset: offset)
    // '@' begins no name that a user can write.
    let held = try make(.identifier("@optional"), at: position)
    let value = try make(.call(function: "value", target: held, arguments: []), at: position)
    var result = try make(.bind(name: variable, value: value, body: arguments[1]), at: position)
    if name == "optMap" { result = try make(.call(function: "optional.of", target: nil, arguments: [result]), at: position) }
    let isThere = try make(.call(function: "hasValue", target: held, arguments: []), at: position)
    let none = try make(.call(function: "optional.none", target: nil, arguments: []), at: position)
    let choice = try make(.conditional(condition: isThere, then: result, otherwise: none), at: position)
    return try make(.bind(name: "@optional", value: target, body: choice), at: position)
  }

  /// `list.sortBy(x, key)` is `cel.bind(l, list, l.@sortBy(l.map(x, key)))`.
  private mutating func sortBy(_ target: CELNode, _ arguments: [CELNode], at position: CELPosition, offset: Int) throws(CELSyntaxFault) -> CELNode {
    guard arguments.count == 2 else { throw CELSyntaxFault(offset: offset, message: "sortBy() takes a name and a key, found \(arguments.count) arguments") }
    let list = try make(.identifier("@list"), at: position)
    let keys = CELComprehension(
      macro: .map, range: list, variable: try variable(arguments[0], of: "sortBy", offset: offset), secondVariable: nil, condition: nil,
      body: arguments[1])
    let sorted = try make(.call(function: "@sortBy", target: list, arguments: [try make(.comprehension(keys), at: position)]), at: position)
    return try make(.bind(name: "@list", value: target, body: sorted), at: position)
  }

  private mutating func loop(
    _ macro: CELComprehension.Macro, named name: String, over range: CELNode, _ arguments: [CELNode], at position: CELPosition, offset: Int
  ) throws(CELSyntaxFault) -> CELNode {
    guard let shape = macro.shape(arguments.count) else {
      throw CELSyntaxFault(offset: offset, message: "\(name)() takes \(macro.usage), found \(arguments.count) argument\(arguments.count == 1 ? "" : "s")")
    }
    let variables = try arguments.prefix(shape.variables).map { (node) throws(CELSyntaxFault) in try variable(node, of: name, offset: offset) }
    let second = variables.count == 2 ? variables[1] : nil
    guard variables[0] != second else { throw CELSyntaxFault(offset: offset, message: "\(name)() needs two different names for its variables") }
    let loop = CELComprehension(
      macro: macro, range: range, variable: variables[0], secondVariable: second,
      condition: shape.condition ? arguments[shape.variables] : nil, body: arguments[arguments.count - 1])
    return try make(.comprehension(loop), at: position)
  }
}

extension CELComprehension.Macro {
  /// How many of the arguments are variables, and whether a condition comes before the result.
  fileprivate func shape(_ arguments: Int) -> (variables: Int, condition: Bool)? {
    switch (self, arguments) {
    case (.all, 2), (.exists, 2), (.existsOne, 2), (.filter, 2), (.map, 2): (1, false)
    case (.map, 3): (1, true)
    case (.all, 3), (.exists, 3), (.existsOne, 3): (2, false)
    case (.transformList, 3), (.transformMap, 3), (.transformMapEntry, 3): (2, false)
    case (.transformList, 4), (.transformMap, 4), (.transformMapEntry, 4): (2, true)
    default: nil
    }
  }

  fileprivate var usage: String {
    switch self {
    case .all, .exists, .existsOne: "a name (or two) and a condition"
    case .filter: "a name and a condition"
    case .map: "a name, if wanted a condition, and a result"
    case .transformList, .transformMap, .transformMapEntry: "two names, if wanted a condition, and a result"
    }
  }
}
