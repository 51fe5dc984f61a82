import Testing

@testable import JSON

@Suite("What is said about a failure") struct SchemaFailureTests {
  static let failureRows: [(schema: String, instance: String, failures: [String])] = [
    (#"{"type":"string"}"#, "3", [": expected a string, found the number 3"]),
    (#"{"type":["integer","null"]}"#, "3.5", [": expected an integer or null, found the number 3.5"]),
    (
      #"{"properties":{"a/b":{"properties":{"c~d":{"items":{"type":"null"}}}}}}"#, #"{"a/b":{"c~d":[null,1]}}"#,
      ["/a~1b/c~0d/1: expected null, found the number 1"]
    ),
    (#"{"required":["a","b"]}"#, #"{"a":1}"#, ["/b: expected a value, which is required, found nothing"]),
    (#"{"properties":{"a":true},"additionalProperties":false}"#, #"{"b":1}"#, ["/b: expected only members named in the schema, found \"b\""]),
    (#"{"unevaluatedProperties":false}"#, #"{"b":1}"#, ["/b: expected only members that a schema evaluates, found \"b\""]),
    (#"{"items":false}"#, "[1]", ["/0: expected no value, found the number 1"]),
    (#"{"minLength":8}"#, "\"abc\"", [": expected at least 8 characters, found 3"]),
    (#"{"maxLength":1}"#, "\"é😀\"", [": expected at most 1 character, found 2"]),
    (#"{"pattern":"^[a-z]+$"}"#, "\"A\"", [": expected a text that matches the pattern \"^[a-z]+$\", found \"A\""]),
    (#"{"format":"date"}"#, "\"2026-02-30\"", [": expected a date like \"2026-01-31\" (RFC 3339), found \"2026-02-30\""]),
    (#"{"minimum":1,"multipleOf":2}"#, "-3", [": expected a number of at least 1, found -3", ": expected a multiple of 2, found -3"]),
    (#"{"exclusiveMinimum":1}"#, "1", [": expected a number greater than 1, found 1"]),
    (#"{"exclusiveMaximum":1.5}"#, "1.5", [": expected a number less than 1.5, found 1.5"]),
    (#"{"maximum":1}"#, "2", [": expected a number of at most 1, found 2"]),
    (#"{"enum":["a","b",1,{"x":1}]}"#, "\"c\"", [": expected \"a\", \"b\", 1 or {…}, found the string \"c\""]),
    (#"{"const":null}"#, "[1]", [": expected null, found an array of 1 element"]),
    (#"{"minItems":1}"#, "[]", [": expected at least 1 element, found 0"]),
    (#"{"maxItems":1}"#, "[1,2]", [": expected at most 1 element, found 2"]),
    (#"{"uniqueItems":true}"#, "[1,2,1.0]", [": expected elements that all differ, found 1.0 at 0 and 2"]),
    (#"{"contains":{"type":"null"}}"#, "[1]", [": expected at least 1 element that fits the schema of contains, found 0"]),
    (#"{"contains":true,"maxContains":1}"#, "[1,2]", [": expected at most 1 element that fits the schema of contains, found more"]),
    (#"{"minProperties":1}"#, "{}", [": expected at least 1 member, found 0"]),
    (#"{"maxProperties":0}"#, #"{"a":1}"#, [": expected at most 0 members, found 1"]),
    (#"{"propertyNames":{"maxLength":1}}"#, #"{"ab":1}"#, ["/ab: expected at most 1 character, found 2"]),
    (#"{"dependentRequired":{"a":["b"]}}"#, #"{"a":1}"#, ["/b: expected a value, which is required where \"a\" is there, found nothing"]),
    // What the only branch for a value of this type wants is more to the point.
    (#"{"anyOf":[{"type":"null"},{"type":"object","required":["a"]}]}"#, "{}", ["/a: expected a value, which is required, found nothing"]),
    (#"{"oneOf":[{"type":"null"},{"type":"string","minLength":1}]}"#, "\"\"", [": expected at least 1 character, found 0"]),
    (
      #"{"anyOf":[{"minimum":3},{"type":"integer","multipleOf":2}]}"#, "1",
      [": expected a value that fits at least one of the 2 schemas of anyOf, found the number 1"]
    ),
    (#"{"not":{"anyOf":[{"type":"null"},{"type":"string"}]}}"#, "1", []),
    (#"{"anyOf":[{"type":"null"},{"type":"string"}]}"#, "1", [": expected a value that fits at least one of the 2 schemas of anyOf, found the number 1"]),
    (#"{"oneOf":[true,true]}"#, "1", [": expected a value that fits exactly one of the 2 schemas of oneOf, found the number 1, which fits 2"]),
    (#"{"oneOf":[false]}"#, "1", [": expected a value that fits one of the 1 schemas of oneOf, found the number 1"]),
    (#"{"not":{}}"#, "true", [": expected a value that does not fit the schema of not, found true"]),
    (
      #"{"properties":{"a":{"type":"string"},"b":{"allOf":[{"minimum":3},{"maximum":1}]}}}"#, #"{"a":1,"b":2}"#,
      ["/a: expected a string, found the number 1", "/b: expected a number of at least 3, found 2", "/b: expected a number of at most 1, found 2"]
    ),
    (#"{"if":{"required":["a"]},"then":{"properties":{"a":{"type":"null"}}}}"#, #"{"a":1}"#, ["/a: expected null, found the number 1"]),
    (#"{"properties":{"":{"type":"null"}}}"#, #"{"":1}"#, ["/: expected null, found the number 1"]),
  ]

  @Test("names the place, what was expected and what was found", arguments: failureRows.indices)
  func failures(_ index: Int) throws {
    let row = SchemaFailureTests.failureRows[index]
    #expect(try JSONSchema(testing: row.schema).failures(row.instance) == row.failures)
  }

  @Test("stops at the number of failures that was asked for")
  func most() throws {
    let schema = try JSONSchema(testing: #"{"items":{"type":"null"}}"#)
    let instance = "[" + Array(repeating: "1", count: 100).joined(separator: ",") + "]"
    #expect(try schema.failures(instance).count == 20)
    #expect(try schema.failures(instance, most: 3) == (0..<3).map { "/\($0): expected null, found the number 1" })
    #expect(try schema.failures(instance, most: 0).count == 1)
  }

  @Test("quotes only the start of a long text")
  func longTexts() throws {
    let text = String(repeating: "😀", count: 1000)
    #expect(try JSONSchema(testing: #"{"type":"null"}"#).failures("\"\(text)\"") == [": expected null, found the string \"\(text.prefix(40))…\""])
  }

  static let refusedRows: [(String, [String])] = [
    (#"{"type":"strnig"}"#, [#"/type: expected "null", "boolean", "number", "integer", "string", "array" or "object", found the string "strnig""#]),
    (#"{"properties":{"a":{"minLength":-1}}}"#, ["/properties/a/minLength: expected a whole number of at least 0, found the number -1"]),
    (#"{"maxItems":1.5}"#, ["/maxItems: expected a whole number of at least 0, found the number 1.5"]),
    (#"{"multipleOf":0}"#, ["/multipleOf: expected a number greater than 0, found the number 0"]),
    (#"{"minimum":"1","maximum":null}"#, ["/minimum: expected a number, found the string \"1\"", "/maximum: expected a number, found null"]),
    (#"{"required":["a",1,"a"]}"#, ["/required/1: expected a string, found the number 1", "/required/2: expected each name once, found \"a\" again"]),
    (#"{"required":true}"#, ["/required: expected an array of strings, found true"]),
    (#"{"dependentRequired":{"a/b":"c"}}"#, ["/dependentRequired/a~1b: expected an array of strings, found the string \"c\""]),
    (#"{"enum":1}"#, ["/enum: expected an array, found the number 1"]),
    (#"{"type":[]}"#, ["/type: expected the name of a type, or an array of at least one, found an array of 0 elements"]),
    (#"{"uniqueItems":1}"#, ["/uniqueItems: expected true or false, found the number 1"]),
    (#"{"properties":[]}"#, ["/properties: expected an object of schemas, found an array of 0 elements"]),
    (#"{"properties":{"a":1}}"#, ["/properties/a: expected a schema (an object, true or false), found the number 1"]),
    (#"{"allOf":[]}"#, ["/allOf: expected an array of at least one schema, found an array of 0 elements"]),
    (#"{"anyOf":{}}"#, ["/anyOf: expected an array of at least one schema, found an object of 0 members"]),
    (
      #"{"items":[true]}"#, ["/items: expected a schema, found an array; since 2020-12 the schemas of the first items are the array prefixItems"]
    ),
    (#"{"dependencies":{}}"#, ["/dependencies: expected dependentRequired or dependentSchemas, which replace it since 2019-09"]),
    (
      #"{"$schema":"http://json-schema.org/draft-07/schema#"}"#,
      ["/$schema: expected \"https://json-schema.org/draft/2020-12/schema\", found \"http://json-schema.org/draft-07/schema#\""]
    ),
    (#"{"$anchor":"1a"}"#, [#"/$anchor: expected a name of letters, digits, '-', '_' and '.' that starts with a letter or '_', found the string "1a""#]),
    (#"{"pattern":"a("}"#, ["/pattern: expected a regular expression, found \"a(\": a '(' without its ')'"]),
    (#"{"pattern":"(?=a)"}"#, ["/pattern: expected a regular expression, found \"(?=a)\": found a look-ahead, which cannot be found in linear time"]),
    (#"{"patternProperties":{"[a/":true}}"#, ["/patternProperties/[a~1: expected a regular expression, found \"[a/\": a '[' without its ']'"]),
    ("3", [": expected a schema (an object, true or false), found the number 3"]),
  ]

  @Test("names each mistake in a schema", arguments: refusedRows.indices)
  func refused(_ index: Int) throws { #expect(try schemaProblems(SchemaFailureTests.refusedRows[index].0) == SchemaFailureTests.refusedRows[index].1) }

  @Test("says that patterns need a way to compile them")
  func noPatterns() throws {
    #expect(throws: JSONSchemaError.self) { try JSONSchema(["pattern": "a"]) }
    #expect(throws: Never.self) { try JSONSchema(["minLength": 1]) }
  }
}
