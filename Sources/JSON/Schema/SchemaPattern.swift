/// A regular expression of a schema: ECMA-262's syntax, without what cannot be found in linear time.
struct SchemaPattern: Sendable {
  /// As the schema has it.
  let text: String
  /// See `SchemaPatternSyntax.size`.
  let size: Int
  /// Whether it is found anywhere in a text; nil when the search gave up.
  let isFound: @Sendable (String) -> Bool?

  /// Throws what is wrong with the pattern.
  init(_ text: String, _ patterns: JSONSchemaPatterns) throws {
    self.text = text
    let syntax = try SchemaPatternSyntax(text)
    if let feature = syntax.unsupported { throw SchemaPatternFault(description: "\(feature), which cannot be found in linear time") }
    size = syntax.size
    isFound = try patterns(syntax.translation)
  }
}

struct SchemaPatternFault: Error, CustomStringConvertible {
  let description: String
}
