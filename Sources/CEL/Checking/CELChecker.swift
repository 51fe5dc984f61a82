/// Finds what each name means and what each part gives, and works out what is constant.
struct CELChecker {
  let environment: CELEnvironment
  /// The macros' variables around the part that is looked at, innermost last.
  var locals: [(name: String, type: CELType)] = []
  /// What working out constants may still cost.
  var foldingBudget: Int

  /// What the tree was made of, for messages.
  let source: String

  static func check(
    _ tree: CELNode, of source: String, in environment: CELEnvironment, expecting expected: CELType?
  ) throws(CELError) -> CELNode {
    var checker = CELChecker(environment: environment, foldingBudget: environment.limits.costMax, source: source)
    let root = try checker.check(tree, wanting: expected == .type ? .type : nil)
    if let expected, !root.type.mayBe(expected) {
      throw CELError(line: 1, column: 1, message: "the expression must be \(expected.nameWithArticle), found one that is \(root.type.nameWithArticle)")
    }
    return root
  }

  static func fault(_ message: String, at position: CELPosition) -> CELError {
    CELError(line: position.line, column: position.column, message: message)
  }

  /// The checked node.
  /// - Parameter wanted: `.type` where a bare `int` or `string` means the type, not a field of that name.
  mutating func check(_ node: CELNode, wanting wanted: CELType? = nil) throws(CELError) -> CELNode {
    if environment.isChecked { return fold(try resolve(node, wanting: wanted)).spanning(node.span) }
    do throws(CELError) {
      let resolved = try resolve(node, wanting: wanted)
      // Where nothing is known of any value, no types clash.
      return fold(CELNode(resolved.kind, at: resolved.position)).spanning(node.span)
    } catch {
      return CELNode(.call(function: "@fault", target: nil, arguments: []), at: node.position, span: node.span)
    }
  }

  private mutating func resolve(_ node: CELNode, wanting wanted: CELType?) throws(CELError) -> CELNode {
    let position = node.position
    switch node.kind {
    case .literal(let value): return CELNode(node.kind, at: position, type: value.staticType)
    case .identifier(let name): return try identifier(name, wanting: wanted, at: position)
    case .select(let operand, let field, let testOnly): return try select(operand, field, testOnly: testOnly, at: position)
    case .optionalSelect(let operand, let field):
      let operand = try check(operand)
      let type = try fieldType(field, of: operand, isOptional: true, at: position)
      return CELNode(.optionalSelect(operand: operand, field: field), at: position, type: .optional(type))
    case .index(let operand, let index), .optionalIndex(let operand, let index):
      let operand = try check(operand)
      let index = try check(index)
      let type = try elementType(index, of: operand, at: position)
      if case .optionalIndex = node.kind { return CELNode(.optionalIndex(operand: operand, index: index), at: position, type: .optional(type)) }
      return CELNode(.index(operand: operand, index: index), at: position, type: type)
    case .unary(let sign, let operand): return try unary(sign, operand, at: position)
    case .binary(let sign, let left, let right): return try binary(sign, left, right, at: position)
    case .conditional(let condition, let then, let otherwise):
      let condition = try check(condition)
      try demand(.bool, of: condition, "the condition before '?'", at: position)
      let then = try check(then, wanting: wanted)
      let otherwise = try check(otherwise, wanting: wanted)
      return CELNode(
        .conditional(condition: condition, then: then, otherwise: otherwise), at: position, type: then.type.joined(otherwise.type))
    case .call(let function, let target, let arguments): return try call(function, target, arguments, at: position)
    case .list(let elements): return try list(elements, wanting: wanted, at: position)
    case .map(let entries): return try map(entries, at: position)
    case .optionalEntry(let operand):
      let operand = try check(operand)
      guard operand.type.mayBe(.optional(.dyn)) else { throw Self.fault("'?' needs an optional behind it, found \(operand.type.name)", at: position) }
      return CELNode(.optionalEntry(operand), at: position, type: operand.type.unwrapped)
    case .comprehension(let loop): return try comprehension(loop, at: position)
    case .bind(let name, let value, let body):
      let value = try check(value)
      let body = try scoped([(name, value.type)]) { (checker) throws(CELError) in try checker.check(body) }
      return CELNode(.bind(name: name, value: value, body: body), at: position, type: body.type)
    }
  }

  func demand(_ expected: CELType, of node: CELNode, _ what: String, at position: CELPosition) throws(CELError) {
    guard node.type.mayBe(expected) else {
      let advice = expected == .bool ? node.asCondition : nil
      throw Self.fault("\(what) must be \(expected.nameWithArticle), found \(described(node))\(advice.map { "; \($0)" } ?? "")", at: position)
    }
  }

  mutating func scoped<Result>(
    _ names: [(name: String, type: CELType)], _ body: (inout CELChecker) throws(CELError) -> Result
  ) throws(CELError) -> Result {
    locals += names
    defer { locals.removeLast(names.count) }
    return try body(&self)
  }

  // MARK: Containers

  private mutating func list(_ elements: [CELNode], wanting wanted: CELType?, at position: CELPosition) throws(CELError) -> CELNode {
    var checked: [CELNode] = []
    for element in elements { checked.append(try check(element, wanting: wanted)) }
    let type = checked.dropFirst().reduce(checked.first?.type ?? .dyn) { $0.joined($1.type) }
    return CELNode(.list(checked), at: position, type: .list(type))
  }

  private mutating func map(_ entries: [(key: CELNode, value: CELNode)], at position: CELPosition) throws(CELError) -> CELNode {
    var checked: [(key: CELNode, value: CELNode)] = []
    for (key, value) in entries {
      let key = try check(key)
      let allowed: [CELType] = [.string, .int, .uint, .bool]
      guard allowed.contains(where: key.type.mayBe) else {
        throw Self.fault("a map's key must be a string, int, uint or bool, found \(key.type.name)", at: key.position)
      }
      checked.append((key, try check(value)))
    }
    let keys = checked.dropFirst().reduce(checked.first?.key.type ?? .dyn) { $0.joined($1.key.type) }
    let values = checked.dropFirst().reduce(checked.first?.value.type ?? .dyn) { $0.joined($1.value.type) }
    return CELNode(.map(checked), at: position, type: .map(keys, values))
  }

  // MARK: Macros

  private mutating func comprehension(_ loop: CELComprehension, at position: CELPosition) throws(CELError) -> CELNode {
    let name = loop.macro.rawValue
    let range = try check(loop.range)
    guard let (first, second) = range.type.iterated else {
      throw Self.fault("\(name)() goes through a list or a map, found \(range.type.name)", at: position)
    }
    var names = [(loop.variable, loop.secondVariable == nil ? first : second?.key ?? .int)]
    if let variable = loop.secondVariable { names.append((variable, second?.value ?? first)) }
    let (condition, body) = try scoped(names) { (checker) throws(CELError) -> (CELNode?, CELNode) in
      var condition: CELNode?
      if let node = loop.condition {
        let checked = try checker.check(node)
        try checker.demand(.bool, of: checked, "the condition of \(name)()", at: node.position)
        condition = checked
      }
      return (condition, try checker.check(loop.body))
    }
    let type: CELType
    switch loop.macro {
    case .all, .exists, .existsOne, .filter:
      try demand(.bool, of: body, "the condition of \(name)()", at: loop.body.position)
      type = loop.macro == .filter ? .list(first) : .bool
    case .map, .transformList: type = .list(body.type)
    case .transformMap: type = .map(second?.key ?? (range.type == .dyn ? .dyn : .int), body.type)
    case .transformMapEntry:
      try demand(.map(.dyn, .dyn), of: body, "the result of \(name)()", at: loop.body.position)
      type = .map(.dyn, .dyn)
    }
    let checked = CELComprehension(
      macro: loop.macro, range: range, variable: loop.variable, secondVariable: loop.secondVariable, condition: condition, body: body)
    return CELNode(.comprehension(checked), at: position, type: type)
  }
}

extension CELNode {
  /// How to ask what other languages ask by naming a value.
  fileprivate var asCondition: String? {
    switch type {
    case .map, .object: "to ask whether there is one, compare it with null"
    case .string: "to ask whether it has text, compare it with \"\""
    case .int, .uint, .double, .number: "to ask whether it is zero, compare it with 0"
    case .list: "to ask whether it has elements, write size(x) > 0"
    default: nil
    }
  }
}

extension CELType {
  var unwrapped: CELType {
    if case .optional(let wrapped) = self { return wrapped }
    return .dyn
  }

  /// What a macro with one variable goes through, and what one with two does if it is a map. Nil for what is no container.
  fileprivate var iterated: (element: CELType, entry: (key: CELType, value: CELType)?)? {
    switch self {
    case .dyn: (.dyn, (.dyn, .dyn))
    case .list(let element): (element, nil)
    case .map(let key, let value): (key, (key, value))
    case .object: (.string, (.string, .dyn))
    default: nil
    }
  }
}
