import Testing

@testable import JSON

@Suite("Defaults of a schema") struct SchemaDefaultsTests {
  static let rows: [(schema: String, instance: String, filled: String?)] = [
    (#"{"properties":{"a":{"default":1}}}"#, "{}", #"{"a":1}"#),
    (#"{"properties":{"a":{"default":1}}}"#, #"{"a":null}"#, nil),
    (#"{"properties":{"a":{"default":null},"b":true}}"#, #"{"z":1}"#, #"{"z":1,"a":null}"#),
    // Only objects that are there are filled.
    (#"{"properties":{"o":{"properties":{"a":{"default":1}}}}}"#, #"{"o":{}}"#, #"{"o":{"a":1}}"#),
    (#"{"properties":{"o":{"properties":{"a":{"default":1}}}}}"#, "{}", nil),
    // A default is taken as it stands.
    (#"{"properties":{"o":{"default":{},"properties":{"a":{"default":1}}}}}"#, "{}", #"{"o":{}}"#),
    (##"{"properties":{"next":{"$ref":"#","default":{}}}}"##, #"{"next":{}}"#, #"{"next":{"next":{}}}"#),
    (##"{"$ref":"#/$defs/x","$defs":{"x":{"properties":{"a":{"default":1}}}}}"##, "{}", #"{"a":1}"#),
    (##"{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"default":7}}}"##, "{}", #"{"a":7}"#),
    (##"{"properties":{"a":{"$ref":"#/$defs/x","default":1}},"$defs":{"x":{"default":7}}}"##, "{}", #"{"a":1}"#),
    (#"{"allOf":[{"properties":{"a":{"default":1}}},{"properties":{"a":{"default":2},"b":{"allOf":[true,{"default":3}]}}}]}"#, "{}", #"{"a":1,"b":3}"#),
    (#"{"anyOf":[{"properties":{"a":{"default":1}}}],"if":true,"then":{"properties":{"b":{"default":1}}}}"#, "{}", nil),
    (#"{"items":{"properties":{"a":{"default":1}}},"additionalProperties":{"properties":{"b":{"default":1}}}}"#, #"{"x":{}}"#, nil),
    (#"{"default":{"a":1}}"#, "3", nil),
    (#"{"properties":{"a":{"default":1}}}"#, "[{}]", nil),
    ("true", "{}", nil),
  ]

  @Test("are filled in for missing properties only", arguments: rows.indices)
  func fills(_ index: Int) throws {
    let row = SchemaDefaultsTests.rows[index]
    #expect(try JSONSchema(testing: row.schema).fillingDefaults(JSONValue(parsing: row.instance))?.text == row.filled)
  }
}
