import CEL
import Testing

@testable import JSON

/// A schema, one instance that is valid and one that is not, all as JSON texts.
struct SchemaCase: Sendable, CustomTestStringConvertible {
  let schema: String
  let valid: [String]
  let invalid: [String]

  init(_ schema: String, valid: [String], invalid: [String]) {
    self.schema = schema
    self.valid = valid
    self.invalid = invalid
  }

  var testDescription: String { schema }

  func check() throws {
    let compiled = try JSONSchema(testing: schema)
    for text in valid { #expect(try compiled.validate(JSONValue(parsing: text)) == [], "\(text) is valid") }
    for text in invalid { #expect(try !compiled.validate(JSONValue(parsing: text)).isEmpty, "\(text) is not valid") }
  }
}

extension JSONSchema {
  /// With the patterns of expressions, as the server has it.
  init(testing schema: String) throws { try self.init(testing: JSONValue(parsing: schema)) }

  init(testing schema: JSONValue) throws {
    try self.init(schema) { pattern in
      let compiled = try CELPattern(pattern)
      return { compiled.isFound(in: $0, budget: 1_000_000) }
    }
  }

  func failures(_ instance: String, most: Int = 20) throws -> [String] {
    try validate(JSONValue(parsing: instance), most: most).map { "\($0.pointer): \($0.message)" }
  }
}

/// What a schema is refused with.
func schemaProblems(_ schema: String) throws -> [String] {
  do {
    _ = try JSONSchema(testing: schema)
    return []
  } catch let error as JSONSchemaError {
    return error.problems.map { "\($0.pointer): \($0.message)" }
  }
}
