/// Which keywords hold schemas, and how names are spelled.
enum SchemaKeywords {
  enum Holding {
    case one, list, named
  }

  static let holdingSchemas: [String: Holding] = [
    "additionalProperties": .one, "items": .one, "contains": .one, "propertyNames": .one, "not": .one, "if": .one, "then": .one,
    "else": .one, "unevaluatedItems": .one, "unevaluatedProperties": .one, "contentSchema": .one,
    "allOf": .list, "anyOf": .list, "oneOf": .list, "prefixItems": .list,
    "properties": .named, "patternProperties": .named, "dependentSchemas": .named, "$defs": .named,
    // Of earlier drafts; references still lead there (Validation appendix A).
    "definitions": .named,
  ]

  /// Core section 8.2.2: `^[A-Za-z_][-A-Za-z0-9._]*$`.
  static func isAnchor(_ name: String) -> Bool {
    func isStart(_ byte: UInt8) -> Bool { byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") || byte == UInt8(ascii: "_") }
    guard let first = name.utf8.first, isStart(first) else { return false }
    return name.utf8.allSatisfy {
      isStart($0) || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
    }
  }

  /// The only value of `$schema`; other drafts mean other things by the same words.
  static let dialect = "https://json-schema.org/draft/2020-12/schema"
}
