extension SchemaRun {
  /// Applies what holds for the same value.
  mutating func check(_ applicator: SchemaApplicator, _ value: JSONValue, _ evaluated: SchemaEvaluated?) -> Bool {
    switch applicator {
    case .reference(let place): return check(place, value, evaluated)
    case .dynamicReference(let name, let otherwise): return check(dynamicTarget(name, otherwise: otherwise), value, evaluated)
    case .all(let places):
      var isValid = true
      for place in places where !check(place, value, evaluated) {
        isValid = false
        if isOver { return false }
      }
      return isValid
    case .any(let places):
      var isAny = false
      for place in places where fitsBranch(place, value, evaluated) {
        isAny = true
        // All that fit say what was evaluated.
        if evaluated == nil { return true }
      }
      return isAny || fail("expected a value that fits at least one of the \(places.count) schemas of anyOf, found \(SchemaText.found(value))")
    case .one(let places):
      var count = 0
      for place in places where fitsBranch(place, value, evaluated) {
        count += 1
        if count > 1, quiet > 0 { return false }
      }
      return count == 1
        || fail(
          "expected a value that fits exactly one of the \(places.count) schemas of oneOf, found \(SchemaText.found(value)), which fits \(count == 0 ? "none" : "\(count)")"
        )
    case .not(let place):
      return !fits(place, value, nil) || fail("expected a value that does not fit the schema of not, found \(SchemaText.found(value))")
    case .conditional(let condition, let then, let otherwise):
      let next = fitsBranch(condition, value, evaluated) ? then : otherwise
      return next.map { check($0, value, evaluated) } ?? true
    }
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
