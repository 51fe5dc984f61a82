/// What is known about a value before the expression runs. `dyn` is "anything"; checks that need more wait for the value.
package indirect enum CELType: Sendable, Hashable {
  case dyn
  case null
  case bool
  case int
  case uint
  case double
  /// A JSON number: an int or a double.
  case number
  case string
  case bytes
  case timestamp
  case duration
  case type
  case list(CELType)
  case map(CELType, CELType)
  /// A map with these string keys, any of which may be missing; if `open`, with others too.
  case object([String: CELType], open: Bool)
  case optional(CELType)

  /// As errors name it.
  package var name: String {
    switch self {
    case .dyn: "dyn"
    case .null: "null"
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .double: "double"
    case .number: "number"
    case .string: "string"
    case .bytes: "bytes"
    case .timestamp: "timestamp"
    case .duration: "duration"
    case .type: "type"
    case .list(.dyn): "list"
    case .list(let element): "list(\(element.name))"
    case .map(.dyn, .dyn), .object: "map"
    case .map(let key, let value): "map(\(key.name), \(value.name))"
    case .optional(.dyn): "optional"
    case .optional(let wrapped): "optional(\(wrapped.name))"
    }
  }

  /// `an int`, `a string`.
  var nameWithArticle: String { "\("aeio".contains(name.prefix(1)) ? "an" : "a") \(name)" }

  /// Whether a value of this type may turn out to fit where `expected` is asked for.
  func mayBe(_ expected: CELType) -> Bool {
    switch (self, expected) {
    case (.dyn, _), (_, .dyn): true
    case (.number, .int), (.number, .double), (.int, .number), (.double, .number), (.number, .number): true
    case (.list(let a), .list(let b)), (.optional(let a), .optional(let b)): a.mayBe(b)
    case (.map(let ak, let av), .map(let bk, let bv)): ak.mayBe(bk) && av.mayBe(bv)
    case (.object, .map(let key, _)), (.map(let key, _), .object): key.mayBe(.string)
    case (.object, .object): true
    default: self == expected
    }
  }

  var isNumeric: Bool {
    switch self {
    case .dyn, .int, .uint, .double, .number: true
    default: false
    }
  }

  /// What is known of a value that is of one of two types.
  func joined(_ other: CELType) -> CELType {
    switch (self, other) {
    case _ where self == other: self
    case (.number, .int), (.number, .double), (.int, .number), (.double, .number): .number
    case (.list(let a), .list(let b)): .list(a.joined(b))
    case (.map(let ak, let av), .map(let bk, let bv)): .map(ak.joined(bk), av.joined(bv))
    case (.optional(let a), .optional(let b)): .optional(a.joined(b))
    default: .dyn
    }
  }
}

extension CELValue {
  /// The static type of a constant.
  var staticType: CELType {
    switch self {
    case .null: .null
    case .bool: .bool
    case .int: .int
    case .uint: .uint
    case .double: .double
    case .string: .string
    case .bytes: .bytes
    case .timestamp: .timestamp
    case .duration: .duration
    case .type: .type
    case .list(let elements): .list(elements.isEmpty ? .dyn : elements.dropFirst().reduce(elements[0].staticType) { $0.joined($1.staticType) })
    case .map(let map):
      map.entries.isEmpty
        ? .map(.dyn, .dyn)
        : .map(
          map.entries.dropFirst().reduce(map.entries[0].key.staticType) { $0.joined($1.key.staticType) },
          map.entries.dropFirst().reduce(map.entries[0].value.staticType) { $0.joined($1.value.staticType) })
    case .optional(let wrapped): .optional(wrapped?.staticType ?? .dyn)
    }
  }
}
