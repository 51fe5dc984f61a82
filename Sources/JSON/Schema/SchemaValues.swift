/// The values of `enum`, or the one of `const`; several lists where a schema has both.
final class SchemaValues: Sendable {
  struct Choice: Sendable {
    let values: Set<SchemaEquality>
    /// The start of the list, for messages.
    let text: String
  }

  let choices: [Choice]

  init(_ choices: [Choice]) { self.choices = choices }
}

/// A value under JSON Schema's equality (Core section 4.2.2): numbers by mathematical value, objects whatever their order.
struct SchemaEquality: Hashable, Sendable {
  let value: JSONValue

  static func == (a: SchemaEquality, b: SchemaEquality) -> Bool { same(a.value, b.value) }

  func hash(into hasher: inout Hasher) { SchemaEquality.hash(value, into: &hasher) }

  static func same(_ a: JSONValue, _ b: JSONValue) -> Bool {
    switch (a, b) {
    case (.null, .null): return true
    case (.bool(let a), .bool(let b)): return a == b
    case (.int(let a), .int(let b)): return a == b
    case (.double(let a), .double(let b)): return a == b
    case (.int(let integer), .double(let double)), (.double(let double), .int(let integer)): return Int64(exactly: double) == integer
    case (.string(let a), .string(let b)): return a.hasSameBytes(as: b)
    case (.array(let a), .array(let b)): return a.count == b.count && zip(a, b).allSatisfy { same($0, $1) }
    case (.object(let a), .object(let b)):
      return a.count == b.count && a.members.allSatisfy { member in b[member.key].map { same(member.value, $0) } ?? false }
    default: return false
    }
  }

  private static func hash(_ value: JSONValue, into hasher: inout Hasher) {
    switch value {
    case .double(let double):
      if let integer = Int64(exactly: double) { JSONValue.int(integer).hash(into: &hasher) } else { value.hash(into: &hasher) }
    case .array(let elements):
      hasher.combine(elements.count)
      for element in elements { hash(element, into: &hasher) }
    case .object(let object):
      // Added up, so that the order does not count.
      var sum = 0
      for member in object.members {
        var inner = hasher
        member.key.hashBytes(into: &inner)
        hash(member.value, into: &inner)
        sum &+= inner.finalize()
      }
      hasher.combine(object.count)
      hasher.combine(sum)
    default: value.hash(into: &hasher)
    }
  }

  /// The price of hashing or comparing a value, in steps.
  static func weight(_ value: JSONValue) -> Int {
    switch value {
    case .null, .bool, .int, .double: 1
    case .string(let text): 1 + text.utf8.count >> 4
    case .array(let elements): elements.reduce(1) { $0 + weight($1) }
    case .object(let object): object.members.reduce(1) { $0 + 1 + $1.key.utf8.count >> 4 + weight($1.value) }
    }
  }
}
