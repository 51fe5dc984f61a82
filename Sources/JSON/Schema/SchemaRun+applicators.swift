extension SchemaRun {
  /// Applies what holds for the same value.
  mutating func check(_ applicator: SchemaApplicator, _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    // One function each, so that references, which nest deepest, take little of the stack.
    switch applicator {
    case .reference(let place): check(place, value, evaluated)
    case .dynamicReference(let name, let otherwise): check(dynamicTarget(name, otherwise: otherwise), value, evaluated)
    case .all(let places): checkAll(places, value, evaluated)
    case .any(let places): checkAny(places, value, evaluated)
    case .one(let places): checkOne(places, value, evaluated)
    case .not(let place): checkNot(place, value)
    case .conditional(let condition, let then, let otherwise): checkConditional(condition, then, otherwise, value, evaluated)
    }
  }

  private mutating func checkAll(_ places: [Int], _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    var isValid = true
    for place in places where !check(place, value, evaluated) {
      isValid = false
      if isOver { return false }
    }
    return isValid
  }

  private mutating func checkAny(_ places: [Int], _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    var isAny = false
    for place in places where fitsBranch(place, value, evaluated) {
      isAny = true
      // All that fit say what was evaluated.
      if evaluated == nil { return true }
    }
    return isAny || explain(places, value, "fits at least one of the \(places.count) schemas of anyOf")
  }

  private mutating func checkOne(_ places: [Int], _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    var count = 0
    for place in places where fitsBranch(place, value, evaluated) {
      count += 1
      if count > 1, quiet > 0 { return false }
    }
    switch count {
    case 0: return explain(places, value, "fits one of the \(places.count) schemas of oneOf")
    case 1: return true
    default:
      return fail("expected a value that fits exactly one of the \(places.count) schemas of oneOf, found \(SchemaText.found(value)), which fits \(count)")
    }
  }

  /// Fails because no branch fits. Where just one of them is for values of this type, what it wants is said too: it is the one
  /// that was meant. Always false.
  private mutating func explain(_ places: [Int], _ value: JSONValue, _ wanted: @autoclosure () -> String) -> Bool {
    guard !isOver else { return false }
    let likely = places.filter { types(of: $0).contains(SchemaTypes(of: value)) }
    if likely.count == 1, !check(likely[0], value, nil) { return false }
    return fail("expected a value that \(wanted()), found \(SchemaText.found(value))")
  }

  private mutating func checkNot(_ place: Int, _ value: JSONValue) -> Bool {
    !fits(place, value, nil) || fail("expected a value that does not fit the schema of not, found \(SchemaText.found(value))")
  }

  private mutating func checkConditional(_ condition: Int, _ then: Int?, _ otherwise: Int?, _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    guard let next = fitsBranch(condition, value, evaluated) ? then : otherwise else { return true }
    return check(next, value, evaluated)
  }

  /// Whether the value fits; what was evaluated only counts if it does.
  private mutating func fitsBranch(_ place: Int, _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    guard let evaluated else { return fits(place, value, nil) }
    guard charge(evaluated.count >> 3) else { return false }
    let own = SchemaEvaluated(evaluated.count)
    guard fits(place, value, own) else { return false }
    evaluated.merge(own)
    return true
  }
}
