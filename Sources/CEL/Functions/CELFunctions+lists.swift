extension CELFunctions {
  static let lists: [CELFunction] = [
    CELFunction("slice", [.method(.list(.dyn), .int, .int, gives: .list(.dyn))], .many(slice)),
    CELFunction("flatten", [.method(.list(.dyn), gives: .list(.dyn)), .method(.list(.dyn), .int, gives: .list(.dyn))], .many(flatten)),
    CELFunction("distinct", [.method(.list(.dyn), gives: .list(.dyn))], .one(distinct)),
    CELFunction("sort", [.method(.list(.dyn), gives: .list(.dyn))], .one { (list, frame) throws(CELFault) in try sort(list, by: list, &frame) }),
    // What the macro `list.sortBy(x, key)` becomes: the keys as a second list.
    CELFunction(
      "@sortBy", [.method(.list(.dyn), .list(.dyn), gives: .list(.dyn))], .two { (list, keys, frame) throws(CELFault) in try sort(list, by: keys, &frame) }),
    CELFunction(
      "first", [.method(.list(.dyn), gives: .optional(.dyn))], .one { (list, frame) throws(CELFault) in .optional(try elements(list, &frame).first) }),
    CELFunction("last", [.method(.list(.dyn), gives: .optional(.dyn))], .one { (list, frame) throws(CELFault) in .optional(try elements(list, &frame).last) }),
    CELFunction("lists.range", [.global(.int, gives: .list(.int))], .one(range)),
    CELFunction("sets.contains", [.global(.list(.dyn), .list(.dyn), gives: .bool)], .two(setContains)),
    CELFunction("sets.equivalent", [.global(.list(.dyn), .list(.dyn), gives: .bool)], .two(setEquivalent)),
    CELFunction("sets.intersects", [.global(.list(.dyn), .list(.dyn), gives: .bool)], .two(setIntersects)),
  ]

  private static func elements(_ list: CELValue, _ frame: inout CELFrame) throws(CELFault) -> [CELValue] {
    guard case .list(let elements) = list else { throw frame.mismatch(list) }
    return elements
  }

  private static func slice(_ arguments: [CELValue], _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let list = try elements(arguments[0], &frame)
    guard case .int(let start) = arguments[1], case .int(let end) = arguments[2] else { throw frame.mismatch(arguments[1], arguments[2]) }
    guard start >= 0, start <= end, end <= Int64(list.count) else {
      frame.detail = .key(start < 0 || start > end ? arguments[1] : arguments[2])
      throw CELFault(.indexOutOfRange)
    }
    try frame.charge(Int(end - start))
    return .list(Array(list[Int(start)..<Int(end)]))
  }

  private static func flatten(_ arguments: [CELValue], _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    var depth: Int64 = 1
    if arguments.count > 1 {
      guard case .int(let wanted) = arguments[1] else { throw frame.mismatch(arguments[0], arguments[1]) }
      guard wanted >= 0 else {
        frame.detail = .text("flatten() to a negative depth")
        throw CELFault(.badArgument)
      }
      depth = wanted
    }
    var result: [CELValue] = []
    try flatten(try elements(arguments[0], &frame), depth, into: &result, &frame)
    return .list(result)
  }

  private static func flatten(_ list: [CELValue], _ depth: Int64, into result: inout [CELValue], _ frame: inout CELFrame) throws(CELFault) {
    for element in list {
      try frame.charge(1)
      if depth > 0, case .list(let inner) = element { try flatten(inner, depth - 1, into: &result, &frame) } else { result.append(element) }
    }
  }

  private static func distinct(_ list: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    var result: [CELValue] = []
    for element in try elements(list, &frame) where try !contains(result, element, &frame) { result.append(element) }
    return .list(result)
  }

  private static func contains(_ list: [CELValue], _ element: CELValue, _ frame: inout CELFrame) throws(CELFault) -> Bool {
    for candidate in list {
      try frame.charge(1)
      if try frame.equal(candidate, element) { return true }
    }
    return false
  }

  /// Keeps the order of elements whose keys are alike.
  private static func sort(_ list: CELValue, by keys: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let list = try elements(list, &frame)
    let keys = try elements(keys, &frame)
    guard list.count == keys.count else { throw CELFault(.noSuchOverload) }
    // Each is compared with some log₂ n others.
    try frame.charge(keys.count * (Int.bitWidth - keys.count.leadingZeroBitCount))
    if let first = keys.first {
      for key in keys {
        guard first.order(key) != .incomparable else { throw frame.mismatch(first, key) }
        if case .string(let text) = key { try frame.charge(bytes: text.utf8.count) }
      }
    }
    let places = keys.indices.sorted { a, b in
      if case .by(let order) = keys[a].order(keys[b]), order != 0 { return order < 0 }
      return a < b
    }
    return .list(places.map { list[$0] })
  }

  private static func range(_ count: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    guard case .int(let count) = count else { throw frame.mismatch(count) }
    guard count > 0 else { return .list([]) }
    try frame.charge(Int(clamping: count))
    return .list((0..<count).map { .int($0) })
  }

  private static func setContains(_ list: CELValue, _ sublist: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let list = try elements(list, &frame)
    for element in try elements(sublist, &frame) where try !contains(list, element, &frame) { return .bool(false) }
    return .bool(true)
  }

  private static func setEquivalent(_ left: CELValue, _ right: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    guard case .bool(true) = try setContains(left, right, &frame) else { return .bool(false) }
    return try setContains(right, left, &frame)
  }

  private static func setIntersects(_ left: CELValue, _ right: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let left = try elements(left, &frame)
    for element in try elements(right, &frame) where try contains(left, element, &frame) { return .bool(true) }
    return .bool(false)
  }
}
