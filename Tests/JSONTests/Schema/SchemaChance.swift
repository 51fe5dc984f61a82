@testable import JSON

/// Random schemas that hang together often enough to be interesting.
struct SchemaChance {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  private mutating func next(_ count: Int) -> Int {
    // SplitMix64.
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return Int((word ^ word >> 31) % UInt64(count))
  }

  private mutating func pick<T>(_ values: [T]) -> T { values[next(values.count)] }
  private mutating func name() -> String { pick(["a", "b", "c", "é", "", "a/b"]) }
  private mutating func number() -> JSONValue { pick([0, 1, 2, 3, 1.5, -1, 0.1, 1e300, .int(.max), .int(.min), 9007199254740993]) }

  mutating func schema(depth: Int) -> JSONValue {
    if depth == 0 || next(8) == 0 { return pick([true, false, [:], ["type": "string"], ["$ref": "#"], ["minimum": 1]]) }
    var object = JSONObject()
    for _ in 0...next(4) {
      let keyword = pick(SchemaChance.keywords)
      object[keyword] = value(of: keyword, depth: depth - 1)
    }
    return .object(object)
  }

  private static let keywords = [
    "type", "enum", "const", "minimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "format", "items", "prefixItems", "contains",
    "minContains", "maxContains", "uniqueItems", "minItems", "properties", "patternProperties", "additionalProperties", "required", "propertyNames",
    "dependentRequired", "dependentSchemas", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "unevaluatedItems", "unevaluatedProperties", "$ref",
    "$defs",
    "$dynamicRef", "$dynamicAnchor", "default", "$id",
  ]

  private mutating func value(of keyword: String, depth: Int) -> JSONValue {
    switch keyword {
    case "type": return .string(pick(["null", "boolean", "number", "integer", "string", "array", "object"]))
    case "enum": return [instance(depth: 1), instance(depth: 2), instance(depth: 0)]
    case "const", "default": return instance(depth: depth)
    case "minimum", "exclusiveMaximum": return number()
    case "multipleOf": return pick([1, 2, 0.1, 1.5, 1e-300])
    case "minLength", "maxLength", "minContains", "maxContains", "minItems": return .int(Int64(next(4)))
    case "pattern": return .string(pick(["a", "^b*$", "[^a]"]))
    case "format": return .string(pick(["date", "time", "email", "uri", "ipv6", "regex", "duration", "uuid"]))
    case "prefixItems", "allOf", "anyOf", "oneOf": return .array((0...next(2)).map { _ in schema(depth: depth) })
    case "uniqueItems": return .bool(next(2) == 0)
    case "properties", "dependentSchemas", "$defs": return .object(JSONObject((0...next(2)).map { _ in (name(), schema(depth: depth)) }))
    case "patternProperties": return .object(JSONObject([(pick(["a", "^.$", "é|b"]), schema(depth: depth))]))
    case "required": return .array([.string(name())])
    case "dependentRequired": return .object(JSONObject([(name(), .array([.string(name())]))]))
    case "$ref": return .string(pick(["#", "#/$defs/a", "#/properties/a", "x", "x#/items", "#/items"]))
    case "$dynamicRef": return .string(pick(["#n", "x#n"]))
    case "$dynamicAnchor": return "n"
    case "$id": return "x"
    default: return schema(depth: depth)
    }
  }

  mutating func instance(depth: Int) -> JSONValue {
    switch next(depth == 0 ? 6 : 10) {
    case 0: return .null
    case 1: return .bool(next(2) == 0)
    case 2, 3: return number()
    case 4, 5: return .string(pick(["", "a", "abc", "é", "2026-01-01", "::1", "b", "PT1H"]))
    case 6, 7: return .array((0..<next(4)).map { _ in instance(depth: depth - 1) })
    default: return .object(JSONObject((0..<next(4)).map { _ in (name(), instance(depth: depth - 1)) }))
    }
  }
}
