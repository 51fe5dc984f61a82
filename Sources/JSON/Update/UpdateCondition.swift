/// Which elements `$pull` takes out: a value, operators on the element, or conditions on the fields of elements that are objects.
indirect enum UpdateCondition: Sendable {
  enum Comparison: String, Sendable {
    case greater = "$gt"
    case greaterOrEqual = "$gte"
    case less = "$lt"
    case lessOrEqual = "$lte"
  }

  case equals(JSONValue)
  case compares(Comparison, JSONValue)
  case isIn(Set<SchemaEquality>)
  case exists(Bool)
  case not(UpdateCondition)
  case all([UpdateCondition])
  case any([UpdateCondition])
  case field([String], UpdateCondition)
  /// `$elemMatch`
  case element(UpdateCondition)
  /// The element itself is an object.
  case isObject

  static let operators = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$not", "$and", "$or", "$nor", "$elemMatch"]

  /// What `$pull` was given for one field.
  init(pulled value: JSONValue, at pointer: String) throws(JSONPatchError) {
    guard let object = value.objectValue else {
      self = .equals(value)
      return
    }
    self = try UpdateCondition(of: object, at: pointer)
  }

  /// An object of operators, or a query for objects.
  private init(of object: JSONObject, at pointer: String) throws(JSONPatchError) {
    if object.contains(where: { UpdateCondition.isOperator($0.key) && !UpdateCondition.joins($0.key) }) {
      self = try UpdateCondition(operators: object, at: pointer)
      return
    }
    var conditions: [UpdateCondition] = [.isObject]
    for (name, value) in object {
      let pointer = pointer + "/" + JSONPatchLimits.segment(name)
      if UpdateCondition.joins(name) {
        conditions.append(try UpdateCondition(joining: name, value, at: pointer))
      } else {
        conditions.append(.field(try UpdatePath(name, at: pointer, readOnly: []).segments, try UpdateCondition(ofField: value, at: pointer)))
      }
    }
    // `{"$or": […]}` alone also holds for elements that are no objects.
    if !object.isEmpty, object.allSatisfy({ UpdateCondition.joins($0.key) }) { conditions.removeFirst() }
    self = .all(conditions)
  }

  private init(joining name: String, _ value: JSONValue, at pointer: String) throws(JSONPatchError) {
    guard let list = value.arrayValue, !list.isEmpty else {
      throw JSONPatchError(.malformed, pointer, "`\(name)` takes a list of conditions.")
    }
    var conditions: [UpdateCondition] = []
    for (index, item) in list.enumerated() {
      guard let object = item.objectValue else { throw JSONPatchError(.malformed, "\(pointer)/\(index)", "A condition in `\(name)` is an object.") }
      conditions.append(try UpdateCondition(of: object, at: "\(pointer)/\(index)"))
    }
    self =
      switch name {
      case "$and": .all(conditions)
      case "$or": .any(conditions)
      default: .not(.any(conditions))
      }
  }

  private init(ofField value: JSONValue, at pointer: String) throws(JSONPatchError) {
    guard let object = value.objectValue, object.contains(where: { UpdateCondition.isOperator($0.key) }) else {
      self = .equals(value)
      return
    }
    self = try UpdateCondition(operators: object, at: pointer)
  }

  private init(operators object: JSONObject, at pointer: String) throws(JSONPatchError) {
    var conditions: [UpdateCondition] = []
    for (name, value) in object {
      conditions.append(try UpdateCondition(operator: name, value, at: pointer + "/" + JSONPatchLimits.segment(name)))
    }
    self = conditions.count == 1 ? conditions[0] : .all(conditions)
  }

  private init(operator name: String, _ value: JSONValue, at pointer: String) throws(JSONPatchError) {
    switch name {
    case "$eq": self = .equals(value)
    case "$ne": self = .not(.equals(value))
    case "$gt", "$gte", "$lt", "$lte": self = Comparison(rawValue: name).map { .compares($0, value) } ?? .equals(value)
    case "$in", "$nin":
      guard let list = value.arrayValue else { throw JSONPatchError(.malformed, pointer, "`\(name)` takes a list of values.") }
      let values = UpdateCondition.isIn(Set(list.map(SchemaEquality.init)))
      self = name == "$in" ? values : .not(values)
    case "$exists":
      guard let exists = value.boolValue else { throw JSONPatchError(.malformed, pointer, "`$exists` takes true or false.") }
      self = .exists(exists)
    case "$not":
      guard let object = value.objectValue, !object.isEmpty else { throw JSONPatchError(.malformed, pointer, "`$not` takes an object of operators.") }
      self = .not(try UpdateCondition(operators: object, at: pointer))
    case "$elemMatch":
      guard let object = value.objectValue else { throw JSONPatchError(.malformed, pointer, "`$elemMatch` takes an object of conditions.") }
      self = .element(try UpdateCondition(of: object, at: pointer))
    default:
      throw JSONPatchError(
        .malformed, pointer,
        "There is no condition '\(JSONPatchLimits.shown(name))' here. Known: \(UpdateCondition.operators.joined(separator: ", ")).")
    }
  }

  private static func isOperator(_ name: String) -> Bool { name.utf8.first == UInt8(ascii: "$") }
  private static func joins(_ name: String) -> Bool { name == "$and" || name == "$or" || name == "$nor" }
}

extension UpdateCondition {
  /// How much one look at an element costs, in steps.
  var weight: Int {
    switch self {
    case .equals, .compares, .isIn, .exists, .isObject: 4
    case .not(let inner), .element(let inner): 4 + inner.weight
    case .field(let path, let inner): 4 * path.count + inner.weight
    case .all(let list), .any(let list): list.reduce(4) { $0 + $1.weight }
    }
  }

  /// - Parameter value: nil where there is none.
  func holds(_ value: JSONValue?) -> Bool {
    switch self {
    case .isObject: return value?.objectValue != nil
    case .exists(let exists): return (value != nil) == exists
    case .not(let inner): return !inner.holds(value)
    case .all(let list): return list.allSatisfy { $0.holds(value) }
    case .any(let list): return list.contains { $0.holds(value) }
    case .field(let path, let inner): return UpdateCondition.holds(inner, value, path[...])
    case .element(let inner): return value?.arrayValue?.contains { inner.holds($0) } ?? false
    case .equals, .compares, .isIn:
      // A condition holds for an array if it does for the array or for one of its elements.
      return isTrue(value) || value?.arrayValue?.contains { isTrue($0) } ?? false
    }
  }

  /// Along a path; of arrays on the way each element counts. What a negation asks is asked of all of them together.
  private static func holds(_ condition: UpdateCondition, _ value: JSONValue?, _ path: ArraySlice<String>) -> Bool {
    if case .not(let inner) = condition { return !holds(inner, value, path) }
    guard let segment = path.first else { return condition.holds(value) }
    let rest = path.dropFirst()
    guard let array = value?.arrayValue else { return holds(condition, value?[segment], rest) }
    if let index = JSONPointer.index(segment), array.indices.contains(index), holds(condition, array[index], rest) { return true }
    return array.contains { $0.objectValue != nil && holds(condition, $0[segment], rest) }
  }

  private func isTrue(_ value: JSONValue?) -> Bool {
    switch self {
    case .equals(let wanted): return SchemaEquality.same(value ?? .null, wanted)
    case .isIn(let values): return values.contains(SchemaEquality(value: value ?? .null))
    case .compares(let comparison, let bound): return UpdateCondition.compare(value, comparison, bound)
    default: return false
    }
  }

  /// Only values of one type compare, as in MongoDB.
  private static func compare(_ value: JSONValue?, _ comparison: Comparison, _ bound: JSONValue) -> Bool {
    switch (value, bound) {
    case (.int, .int), (.int, .double), (.double, .int), (.double, .double), (.string, .string), (.bool, .bool), (.null, .null), (nil, .null): break
    default: return false
    }
    let order = JSONOrder.compare(value, bound)
    return switch comparison {
    case .greater: order > 0
    case .greaterOrEqual: order >= 0
    case .less: order < 0
    case .lessOrEqual: order <= 0
    }
  }
}
