extension CELValue {
  /// CEL's equality: numbers by their value whatever their type, lists and maps by their elements, and values of different
  /// kinds unequal. NaN equals nothing.
  package func equals(_ other: CELValue) -> Bool {
    var budget = Int.max
    return equals(other, budget: &budget)
  }

  /// The same, counting what was compared down from `budget`; stops with an arbitrary answer once that is below zero.
  func equals(_ other: CELValue, budget: inout Int) -> Bool {
    switch (self, other) {
    case (.string(let a), .string(let b)):
      guard a.utf8.count == b.utf8.count else { return false }
      budget &-= a.utf8.count >> 4
      return CELText.compare(a, b) == 0
    case (.null, .null): return true
    case (.bool(let a), .bool(let b)): return a == b
    case (.int(let a), .int(let b)): return a == b
    case (.uint(let a), .uint(let b)): return a == b
    case (.double(let a), .double(let b)): return a == b
    case (.bytes(let a), .bytes(let b)):
      budget &-= min(a.count, b.count) >> 4
      return a == b
    case (.timestamp(let a), .timestamp(let b)): return a == b
    case (.duration(let a), .duration(let b)): return a == b
    case (.type(let a), .type(let b)): return a == b
    case (.list(let a), .list(let b)): return Self.equal(a, b, budget: &budget)
    case (.map(let a), .map(let b)): return Self.equal(a, b, budget: &budget)
    case (.optional(let a), .optional(let b)):
      guard let a, let b else { return a == nil && b == nil }
      return a.equals(b, budget: &budget)
    default: return CELNumber.compare(self, other) == 0
    }
  }

  private static func equal(_ a: [CELValue], _ b: [CELValue], budget: inout Int) -> Bool {
    guard a.count == b.count else { return false }
    for (left, right) in zip(a, b) {
      budget &-= 1
      guard budget >= 0, left.equals(right, budget: &budget) else { return false }
    }
    return true
  }

  private static func equal(_ a: CELMap, _ b: CELMap, budget: inout Int) -> Bool {
    guard a.count == b.count else { return false }
    for (key, value) in a.entries {
      budget &-= 1
      guard budget >= 0, let other = b[key], value.equals(other, budget: &budget) else { return false }
    }
    return true
  }

  /// How two values are ordered: below, at or above zero. `unordered` if one is NaN, `incomparable` if their types have no order.
  enum Order: Equatable {
    case by(Int)
    case unordered
    case incomparable
  }

  func order(_ other: CELValue) -> Order {
    switch (self, other) {
    case (.int(let a), .int(let b)): .by(a < b ? -1 : a == b ? 0 : 1)
    case (.string(let a), .string(let b)): .by(CELText.compare(a, b))
    case (.bool(let a), .bool(let b)): .by((a ? 1 : 0) - (b ? 1 : 0))
    case (.timestamp(let a), .timestamp(let b)): .by(a < b ? -1 : a == b ? 0 : 1)
    case (.duration(let a), .duration(let b)): .by(a < b ? -1 : a == b ? 0 : 1)
    case (.bytes(let a), .bytes(let b)): .by(a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { CELText.compare(a, $0) } })
    default:
      if !isNumber || !other.isNumber { .incomparable } else if let order = CELNumber.compare(self, other) { .by(order) } else { .unordered }
    }
  }

  var isNumber: Bool {
    switch self {
    case .int, .uint, .double: true
    default: false
    }
  }
}

/// Numbers compared as the real numbers that they are, so that no digit is lost on the way.
enum CELNumber {
  /// Below, at or above zero; nil if one is NaN or no number.
  static func compare(_ left: CELValue, _ right: CELValue) -> Int? {
    switch (left, right) {
    case (.int(let a), .int(let b)): sign(a, b)
    case (.uint(let a), .uint(let b)): sign(a, b)
    case (.double(let a), .double(let b)): a.isNaN || b.isNaN ? nil : sign(a, b)
    case (.int(let a), .uint(let b)): a < 0 ? -1 : sign(UInt64(a), b)
    case (.uint(let a), .int(let b)): b < 0 ? 1 : sign(a, UInt64(b))
    case (.int(let a), .double(let b)): compare(a, b)
    case (.double(let a), .int(let b)): compare(b, a).map { -$0 }
    case (.uint(let a), .double(let b)): compare(a, b)
    case (.double(let a), .uint(let b)): compare(b, a).map { -$0 }
    default: nil
    }
  }

  static func compare<Integer: FixedWidthInteger>(_ integer: Integer, _ double: Double) -> Int? {
    if double.isNaN { return nil }
    // Both bounds are powers of two (or zero), which a double holds exactly.
    if double >= 2 * Double(Integer.max / 2 + 1) { return -1 }
    if double < Double(Integer.min) { return 1 }
    let whole = double.rounded(.down)
    let order = sign(integer, Integer(whole))
    return order == 0 && whole < double ? -1 : order
  }

  private static func sign<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : a == b ? 0 : 1 }
}
