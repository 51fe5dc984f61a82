/// One compiled schema. Other schemas are named by their places in `JSONSchema.nodes`, so that circles hold no memory.
final class SchemaNode: Sendable {
  /// In the schema.
  let pointer: String
  /// The schema resource (the nearest `$id` around) it is part of.
  let resource: Int
  let types: SchemaTypes
  /// nil where the keywords that look at values of that type are missing.
  let number: SchemaNumberRules?
  let string: SchemaStringRules?
  let array: SchemaArrayRules?
  let object: SchemaObjectRules?
  let values: SchemaValues?
  /// What applies to the same value, in order.
  let applicators: [SchemaApplicator]
  let unevaluatedItems: Int?
  let unevaluatedProperties: Int?
  let fallback: JSONValue?

  init(
    pointer: String, resource: Int, types: SchemaTypes, number: SchemaNumberRules? = nil, string: SchemaStringRules? = nil,
    array: SchemaArrayRules? = nil, object: SchemaObjectRules? = nil, values: SchemaValues? = nil,
    applicators: [SchemaApplicator] = [], unevaluatedItems: Int? = nil, unevaluatedProperties: Int? = nil, fallback: JSONValue? = nil
  ) {
    self.pointer = pointer
    self.resource = resource
    self.types = types
    self.number = number
    self.string = string
    self.array = array
    self.object = object
    self.values = values
    self.applicators = applicators
    self.unevaluatedItems = unevaluatedItems
    self.unevaluatedProperties = unevaluatedProperties
    self.fallback = fallback
  }
}

/// The types of `type`. A number without a fraction is an integer too.
struct SchemaTypes: OptionSet, Sendable {
  let rawValue: UInt8

  static let null = SchemaTypes(rawValue: 1)
  static let boolean = SchemaTypes(rawValue: 2)
  static let integer = SchemaTypes(rawValue: 4)
  static let fraction = SchemaTypes(rawValue: 8)
  static let string = SchemaTypes(rawValue: 16)
  static let array = SchemaTypes(rawValue: 32)
  static let object = SchemaTypes(rawValue: 64)
  static let number: SchemaTypes = [.integer, .fraction]
  static let all: SchemaTypes = [.null, .boolean, .number, .string, .array, .object]
  /// The schema `false`.
  static let none: SchemaTypes = []

  static let names: [(String, SchemaTypes)] = [
    ("null", .null), ("boolean", .boolean), ("number", .number), ("integer", .integer), ("string", .string), ("array", .array),
    ("object", .object),
  ]

  init(rawValue: UInt8) { self.rawValue = rawValue }

  @inline(__always)
  init(of value: borrowing JSONValue) {
    switch value {
    case .null: self = .null
    case .bool: self = .boolean
    case .int: self = .integer
    case .double(let number): self = number.rounded(.towardZero) == number ? .integer : .fraction
    case .string: self = .string
    case .array: self = .array
    case .object: self = .object
    }
  }
}

/// What applies to the same value as the schema it stands in.
enum SchemaApplicator: Sendable {
  case reference(Int)
  /// The name's place in `JSONSchema.dynamicAnchors`, and where it leads if no resource in the dynamic scope has it.
  case dynamicReference(Int, otherwise: Int)
  case all([Int])
  case any([Int])
  case one([Int])
  case not(Int)
  case conditional(Int, then: Int?, otherwise: Int?)

  /// Where it may lead.
  var nodes: [Int] {
    switch self {
    case .reference(let node), .not(let node), .dynamicReference(_, let node): [node]
    case .all(let nodes), .any(let nodes), .one(let nodes): nodes
    case .conditional(let condition, let then, let otherwise): [condition] + [then, otherwise].compactMap { $0 }
    }
  }
}

final class SchemaNumberRules: Sendable {
  let minimum: JSONValue?
  let maximum: JSONValue?
  let exclusiveMinimum: JSONValue?
  let exclusiveMaximum: JSONValue?
  let multipleOf: JSONValue?

  init(minimum: JSONValue?, maximum: JSONValue?, exclusiveMinimum: JSONValue?, exclusiveMaximum: JSONValue?, multipleOf: JSONValue?) {
    self.minimum = minimum
    self.maximum = maximum
    self.exclusiveMinimum = exclusiveMinimum
    self.exclusiveMaximum = exclusiveMaximum
    self.multipleOf = multipleOf
  }
}

final class SchemaStringRules: Sendable {
  /// In code points.
  let lengthMin: Int
  let lengthMax: Int?
  let pattern: SchemaPattern?
  let format: SchemaFormat?

  init(lengthMin: Int, lengthMax: Int?, pattern: SchemaPattern?, format: SchemaFormat?) {
    self.lengthMin = lengthMin
    self.lengthMax = lengthMax
    self.pattern = pattern
    self.format = format
  }
}

final class SchemaArrayRules: Sendable {
  let countMin: Int
  let countMax: Int?
  let isUnique: Bool
  let prefix: [Int]
  /// For those behind the prefix.
  let items: Int?
  let contains: Int?
  let containsMin: Int
  let containsMax: Int?

  init(
    countMin: Int, countMax: Int?, isUnique: Bool, prefix: [Int], items: Int?, contains: Int?, containsMin: Int, containsMax: Int?
  ) {
    self.countMin = countMin
    self.countMax = countMax
    self.isUnique = isUnique
    self.prefix = prefix
    self.items = items
    self.contains = contains
    self.containsMin = containsMin
    self.containsMax = containsMax
  }
}

final class SchemaObjectRules: Sendable {
  let properties: SchemaProperties
  /// How many of `properties` are required.
  let requiredCount: Int
  let patterns: [(pattern: SchemaPattern, node: Int)]
  let additional: Int?
  let names: Int?
  let countMin: Int
  let countMax: Int?
  let dependentRequired: [(String, [String])]
  let dependentSchemas: [(String, Int)]
  /// The names of both.
  let dependentCount: Int

  init(
    properties: SchemaProperties, patterns: [(pattern: SchemaPattern, node: Int)], additional: Int?, names: Int?, countMin: Int,
    countMax: Int?, dependentRequired: [(String, [String])], dependentSchemas: [(String, Int)]
  ) {
    self.properties = properties
    self.requiredCount = properties.entries.count { $0.isRequired }
    self.patterns = patterns
    self.additional = additional
    self.names = names
    self.countMin = countMin
    self.countMax = countMax
    self.dependentRequired = dependentRequired
    self.dependentSchemas = dependentSchemas
    dependentCount = dependentRequired.reduce(dependentSchemas.count) { $0 + 1 + $1.1.count }
  }
}

/// The names of `properties` and `required`, found by hash.
struct SchemaProperties: Sendable {
  struct Entry: Sendable {
    let name: String
    let node: Int?
    let isRequired: Bool
  }

  let entries: [Entry]
  private let table: KeyTable

  init(_ entries: [Entry]) {
    self.entries = entries
    var table = KeyTable()
    for (place, entry) in entries.enumerated() { table.insert(SchemaProperties.hash(entry.name), position: place) }
    self.table = table
  }

  @inline(__always)
  func find(_ name: String) -> Int? {
    table.find(SchemaProperties.hash(name)) { entries[$0].name.hasSameBytes(as: name) }
  }

  /// FNV-1a over the length and up to 32 bytes. Callers cannot make it slow: only names of the schema are in the table.
  @inline(__always)
  private static func hash(_ name: String) -> UInt32 {
    name.withUTF8Bytes { bytes in
      var hash: UInt32 = 2_166_136_261 ^ UInt32(truncatingIfNeeded: bytes.count)
      for byte in bytes.prefix(32) { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
      return hash ^ hash >> 15
    }
  }
}
