/// One validation.
struct SchemaRun: ~Copyable {
  /// A failure whose pointer is still to be completed: each value that is left adds its step behind the others.
  private struct Found {
    var path: [Step]
    let message: String
  }

  private enum Step {
    case member(String)
    case element(Int)
  }

  private let nodes: [SchemaNode]
  private let dynamicAnchors: [[Int: Int]]
  private let most: Int
  private var found: [Found] = []
  private let stepsMax: Int
  private var stepsLeft: Int
  private var nesting = 0
  /// Above 0, only the verdict counts: failures are not kept, and the first one ends the matter.
  private(set) var quiet = 0
  /// Why the validation gave up.
  private var surrender: String?
  /// The resources through which the references led, outermost first; only kept for `$dynamicRef`.
  private var scope: [Int] = []

  init(_ schema: JSONSchema, most: Int, stepsMax: Int) {
    self.stepsMax = stepsMax
    stepsLeft = stepsMax
    nodes = schema.nodes
    dynamicAnchors = schema.dynamicAnchors
    self.most = most
  }

  /// Whether there is no use in going on after a failure.
  var isOver: Bool { quiet > 0 || surrender != nil || found.count >= most }

  /// All failures in the order in which they were found.
  consuming func result() -> [JSONSchemaFailure] {
    var failures: [JSONSchemaFailure] = []
    var bytesLeft = SchemaLimits.reportedPointerBytesMax
    for failure in found where failures.isEmpty || bytesLeft > 0 {
      let pointer = failure.path.reversed().map { step in
        switch step {
        case .member(let name): "/" + JSONPointer.escaped(name)
        case .element(let index): "/\(index)"
        }
      }.joined()
      bytesLeft -= pointer.utf8.count
      failures.append(JSONSchemaFailure(pointer: pointer, message: failure.message))
    }
    if let surrender {
      if failures.count == most { failures.removeLast() }
      failures.append(JSONSchemaFailure(pointer: "", message: surrender))
    }
    return failures
  }

  // MARK: What the checks use

  /// Takes a price from the budget; false when it is spent.
  @inline(__always)
  mutating func charge(_ steps: Int) -> Bool {
    stepsLeft &-= steps
    if stepsLeft >= 0 { return surrender == nil }
    return giveUp("expected a document to which the schema can be applied in \(stepsMax) steps, found one that needs more")
  }

  mutating func giveUp(_ reason: String) -> Bool {
    if surrender == nil { surrender = reason }
    return false
  }

  /// Always false.
  mutating func fail(_ message: @autoclosure () -> String) -> Bool {
    if quiet == 0, found.count < most, surrender == nil { found.append(Found(path: [], message: message())) }
    return false
  }

  /// Whether the value fits, without a word on why not.
  mutating func fits(_ place: Int, _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    quiet += 1
    defer { quiet -= 1 }
    return check(place, value, evaluated)
  }

  @inline(__always)
  mutating func check(_ place: Int, element value: JSONValue, at index: Int) -> Bool {
    let before = found.count
    if check(place, value, nil) { return true }
    complete(from: before, .element(index))
    return false
  }

  @inline(__always)
  mutating func check(_ place: Int, member value: JSONValue, named name: String) -> Bool {
    let before = found.count
    if check(place, value, nil) { return true }
    complete(from: before, .member(name))
    return false
  }

  /// Fails at a member of the value at hand; always false.
  mutating func fail(member name: String, _ message: @autoclosure () -> String) -> Bool {
    let before = found.count
    _ = fail(message())
    complete(from: before, .member(name))
    return false
  }

  private mutating func complete(from first: Int, _ step: Step) {
    for place in first..<max(first, found.count) { found[place].path.append(step) }
  }

  func isFalse(_ place: Int) -> Bool { types(of: place).isEmpty }

  func types(of place: Int) -> SchemaTypes { nodes[place].types }

  // MARK: One schema on one value

  /// Whether the value fits the schema at a place. Which members or elements were evaluated is added to `evaluated`, for a value
  /// that fits.
  mutating func check(_ place: Int, _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    guard charge(1) else { return false }
    guard nesting < SchemaLimits.nestingMax else {
      return giveUp("expected a document to which at most \(SchemaLimits.nestingMax) schemas apply within each other, found one with more")
    }
    let node = nodes[place]
    guard node.types.contains(SchemaTypes(of: value)) else {
      return fail("expected \(SchemaText.types(node.types)), found \(SchemaText.found(value))")
    }
    nesting += 1
    defer { nesting -= 1 }
    if dynamicAnchors.isEmpty { return apply(node, value, evaluated) }
    guard scope.last != node.resource else { return apply(node, value, evaluated) }
    scope.append(node.resource)
    defer { scope.removeLast() }
    return apply(node, value, evaluated)
  }

  private mutating func apply(_ node: SchemaNode, _ value: JSONValue, _ outer: SchemaEvaluated?) -> Bool {
    var isValid = true
    if let values = node.values, !checkValues(values, value) {
      isValid = false
      if isOver { return false }
    }
    switch value {
    case .string(let text):
      if let rules = node.string, !checkString(rules, text) { isValid = false }
    case .int, .double:
      if let rules = node.number, !checkNumber(rules, value) { isValid = false }
    case .array(let elements):
      let evaluated = node.unevaluatedItems == nil ? outer : SchemaEvaluated(elements.count)
      if let rules = node.array, !checkArray(rules, elements, evaluated) { isValid = false }
      if !isValid, isOver { return false }
      if !checkApplicators(node, value, evaluated) { isValid = false }
      if isValid, let rest = node.unevaluatedItems, let evaluated, !checkUnevaluated(rest, elements: elements, evaluated) { isValid = false }
      if isValid, evaluated !== outer { outer?.markAll() }
      return isValid
    case .object(let object):
      let evaluated = node.unevaluatedProperties == nil ? outer : SchemaEvaluated(object.count)
      if let rules = node.object, !checkObject(rules, object, value, evaluated) { isValid = false }
      if !isValid, isOver { return false }
      if !checkApplicators(node, value, evaluated) { isValid = false }
      if isValid, let rest = node.unevaluatedProperties, let evaluated, !checkUnevaluated(rest, members: object, evaluated) { isValid = false }
      if isValid, evaluated !== outer { outer?.markAll() }
      return isValid
    case .null, .bool: break
    }
    if !isValid, isOver { return false }
    return checkApplicators(node, value, nil) && isValid
  }

  private mutating func checkApplicators(_ node: SchemaNode, _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    var isValid = true
    for applicator in node.applicators where !check(applicator, value, evaluated) {
      isValid = false
      if isOver { return false }
    }
    return isValid
  }

  /// Core section 8.2.3.2: the outermost resource in the dynamic scope that has the anchor.
  func dynamicTarget(_ name: Int, otherwise: Int) -> Int {
    for resource in scope { if let target = dynamicAnchors[name][resource] { return target } }
    return otherwise
  }
}

/// Which members or elements of one value were evaluated, by their positions (Core section 11).
final class SchemaEvaluated {
  private(set) var flags: [Bool]

  init(_ count: Int) { flags = Array(repeating: false, count: count) }

  var count: Int { flags.count }
  func mark(_ index: Int) { flags[index] = true }
  func markAll() { for index in flags.indices { flags[index] = true } }
  func merge(_ other: SchemaEvaluated) { for index in flags.indices where other.flags[index] { flags[index] = true } }
}
