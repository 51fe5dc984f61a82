/// Turns a checked tree into steps, and names into places.
struct CELCompiler {
  private let environment: CELEnvironment
  private var names: [String] = []
  /// For each variable, the fields that the expression selects from it.
  private var fields: [String: [String]] = [:]
  private var locals: [(name: String, place: Int)] = []
  private var localsMax = 0

  /// What a tree becomes.
  static func compile(_ root: CELNode, in environment: CELEnvironment) -> (step: CELStep, layout: CELLayout) {
    var compiler = CELCompiler(environment)
    compiler.collect(root)
    var variables: [CELLayout.Variable] = []
    var fields: [CELName] = []
    for name in compiler.names {
      let own = compiler.fields[name] ?? []
      variables.append(CELLayout.Variable(name: name, fields: fields.count..<fields.count + own.count))
      fields += own.map(CELName.init)
    }
    compiler.variables = variables
    let step = compiler.step(root)
    return (step, CELLayout(variables: variables, fields: fields, localsMax: compiler.localsMax, hasLookup: !root.lookedUp.isEmpty))
  }

  private var variables: [CELLayout.Variable] = []

  private init(_ environment: CELEnvironment) { self.environment = environment }

  // MARK: Names

  /// The environment's variable that an identifier stands for; nil for a macro's.
  private func variable(_ node: CELNode) -> String? {
    guard case .identifier(let name) = node.kind else { return nil }
    if name.hasPrefix(".") { return String(name.dropFirst()) }
    return locals.contains { $0.name == name } ? nil : name
  }

  /// Notes which variables and fields are used.
  private mutating func collect(_ node: CELNode) {
    if let name = variable(node) { note(name) }
    if case .select(let operand, let field, _) = node.kind, let name = variable(operand) {
      note(name)
      if fields[name]?.contains(field) != true { fields[name, default: []].append(field) }
    }
    switch node.kind {
    case .comprehension(let loop):
      collect(loop.range)
      let outer = locals
      enter(loop.variable, loop.secondVariable)
      if let condition = loop.condition { collect(condition) }
      collect(loop.body)
      locals = outer
    case .bind(let name, let value, let body):
      collect(value)
      let outer = locals
      enter(name, nil)
      collect(body)
      locals = outer
    default:
      for child in node.children { collect(child) }
    }
  }

  private mutating func note(_ name: String) {
    if !names.contains(name) { names.append(name) }
  }

  /// Gives macro variables their places, and returns the first one.
  @discardableResult
  private mutating func enter(_ name: String, _ second: String?) -> Int {
    let place = locals.count
    locals.append((name, place))
    if let second { locals.append((second, place + 1)) }
    localsMax = max(localsMax, locals.count)
    return place
  }

  // MARK: Steps

  private mutating func step(_ node: CELNode) -> CELStep {
    let position = node.position
    switch node.kind {
    case .literal(let value): return CELLiteralStep(value, at: position)
    case .identifier(let name):
      if variable(node) == nil, let local = locals.last(where: { $0.name == name }) { return CELLocalStep(local.place, at: position) }
      return CELVariableStep(names.firstIndex(of: variable(node) ?? name) ?? 0, at: position)
    case .select(let operand, let field, let testOnly):
      let select = select(operand, field, at: position)
      return testOnly ? CELHasStep(select, at: position) : select
    case .optionalSelect(let operand, let field): return CELOptionalSelectStep(step(operand), field, at: position)
    case .index(let operand, let index): return CELIndexStep(step(operand), step(index), isOptional: false, at: position)
    case .optionalIndex(let operand, let index): return CELIndexStep(step(operand), step(index), isOptional: true, at: position)
    case .unary(.not, let operand): return CELNotStep(step(operand), at: position)
    case .unary(.negate, let operand): return CELNegateStep(step(operand), at: position)
    case .binary(let sign, let left, let right): return binary(sign, left, right, at: position)
    case .conditional(let condition, let then, let otherwise):
      return CELChoiceStep(step(condition), step(then), step(otherwise), at: position)
    case .call(let function, let target, let arguments):
      if let (collection, id) = node.lookup { return CELLookupStep(collection, step(id), at: position) }
      return call(function, (target.map { [$0] } ?? []) + arguments, at: position)
    case .list(let elements): return CELListStep(elements.map { entry($0) }, at: position)
    case .map(let entries):
      return CELMapStep(
        entries.map { pair in
          let value = entry(pair.value)
          return (step(pair.key), value.step, value.isOptional)
        }, at: position)
    case .optionalEntry(let operand): return step(operand)
    case .comprehension(let loop): return self.loop(loop, at: position)
    case .bind(let name, let value, let body):
      let value = step(value)
      let outer = locals
      let place = enter(name, nil)
      defer { locals = outer }
      return CELBindStep(place: place, value, step(body), at: position)
    }
  }

  private mutating func select(_ operand: CELNode, _ field: String, at position: CELPosition) -> CELStep {
    if let name = variable(operand), let variable = names.firstIndex(of: name), let place = fields[name]?.firstIndex(of: field) {
      return CELFieldStep(variable: variable, field: variables[variable].fields.lowerBound + place, name: field, at: position)
    }
    return CELSelectStep(step(operand), field, at: position)
  }

  private mutating func entry(_ node: CELNode) -> (step: CELStep, isOptional: Bool) {
    if case .optionalEntry(let operand) = node.kind { return (step(operand), true) }
    return (step(node), false)
  }

  private mutating func binary(_ sign: CELBinaryOperator, _ left: CELNode, _ right: CELNode, at position: CELPosition) -> CELStep {
    switch sign {
    case .and: return CELAndStep(step(left), step(right), at: position)
    case .or: return CELOrStep(step(left), step(right), at: position)
    case .equal, .notEqual:
      if let literal = right.literal { return equal(left, literal, negated: sign == .notEqual, at: position) }
      if let literal = left.literal { return equal(right, literal, negated: sign == .notEqual, at: position) }
      return CELEqualStep(step(left), step(right), negated: sign == .notEqual, at: position)
    case .less, .lessOrEqual, .greater, .greaterOrEqual: return CELOrderStep(step(left), sign, step(right), at: position)
    case .in:
      if case .list(let elements)? = right.literal { return CELInLiteralsStep(step(left), elements, at: position) }
      return CELInStep(step(left), step(right), at: position)
    case .add, .subtract, .multiply, .divide, .modulo: return CELArithmeticStep(step(left), sign, step(right), at: position)
    }
  }

  private mutating func equal(_ operand: CELNode, _ literal: CELValue, negated: Bool, at position: CELPosition) -> CELStep {
    if case .null = literal, let name = variable(operand), let variable = names.firstIndex(of: name) {
      return CELNullCheckStep(variable, negated: negated, at: position)
    }
    return CELEqualLiteralStep(step(operand), literal, negated: negated, at: position)
  }

  private mutating func call(_ name: String, _ arguments: [CELNode], at position: CELPosition) -> CELStep {
    let steps = arguments.map { step($0) }
    switch name {
    case "or", "orValue":
      if steps.count == 2 { return CELOptionalOrStep(steps[0], steps[1], givesValue: name == "orValue", at: position) }
    case "matches":
      if case .string(let pattern)? = arguments.last?.literal, let regex = try? CELRegex(pattern), steps.count == 2 {
        return CELMatchStep(steps[0], regex, at: position)
      }
    default: break
    }
    switch CELFunctions.table[name]?.body {
    case .one(let body) where steps.count == 1: return CELCallOneStep(steps[0], body, at: position)
    case .two(let body) where steps.count == 2: return CELCallTwoStep(steps[0], steps[1], body, at: position)
    case .many(let body): return CELCallManyStep(steps, body, at: position)
    // The checker let no other call through; as a step it is a fault.
    default: return CELStep(at: position)
    }
  }

  private mutating func loop(_ loop: CELComprehension, at position: CELPosition) -> CELStep {
    let range = step(loop.range)
    let outer = locals
    let place = enter(loop.variable, loop.secondVariable)
    defer { locals = outer }
    let condition = loop.condition.map { step($0) }
    let body = step(loop.body)
    let weight = 1 + loop.body.size + (loop.condition?.size ?? 0)
    let isPaired = loop.secondVariable != nil
    switch loop.macro {
    case .all, .exists:
      return CELQuantifierStep(
        range, isExists: loop.macro == .exists, place: place, isPaired: isPaired, body: body, weight: weight, at: position)
    case .existsOne: return CELExistsOneStep(range, place: place, isPaired: isPaired, body: body, weight: weight, at: position)
    case .filter, .map, .transformList:
      return CELCollectStep(
        range, isFilter: loop.macro == .filter, condition: condition, place: place, isPaired: isPaired, body: body, weight: weight, at: position)
    case .transformMap, .transformMapEntry:
      return CELTransformMapStep(
        range, givesEntries: loop.macro == .transformMapEntry, condition: condition, place: place, body: body, weight: weight, at: position)
    }
  }
}

extension CELNode {
  /// How many parts it has.
  var size: Int { 1 + children.reduce(0) { $0 + $1.size } }
}
