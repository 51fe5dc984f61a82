import Testing

@testable import JSON

/// Restated from JSON Schema Core and Validation, draft 2020-12.
@Suite("Each keyword of JSON Schema") struct SchemaKeywordTests {
  @Test("of all types", arguments: anyTypeCases) func anyType(_ schemaCase: SchemaCase) throws { try schemaCase.check() }
  @Test("of numbers", arguments: numbersCases) func numbers(_ schemaCase: SchemaCase) throws { try schemaCase.check() }
  @Test("of strings", arguments: stringsCases) func strings(_ schemaCase: SchemaCase) throws { try schemaCase.check() }
  @Test("of arrays", arguments: arraysCases) func arrays(_ schemaCase: SchemaCase) throws { try schemaCase.check() }
  @Test("of objects", arguments: objectsCases) func objects(_ schemaCase: SchemaCase) throws { try schemaCase.check() }
  @Test("that combines schemas", arguments: combiningCases) func combining(_ schemaCase: SchemaCase) throws { try schemaCase.check() }
  @Test("that looks at what others left", arguments: unevaluatedCases) func unevaluated(_ schemaCase: SchemaCase) throws { try schemaCase.check() }

  static let anyTypeCases = [
    SchemaCase("true", valid: ["1", "null", "{}"], invalid: []),
    SchemaCase("false", valid: [], invalid: ["1", "null", "{}"]),
    SchemaCase("{}", valid: ["1", "null", "{}"], invalid: []),
    SchemaCase(#"{"type":"integer"}"#, valid: ["1", "-0.0", "1.0", "1e300", "12345678901234567890"], invalid: ["1.5", "1e-1", "\"1\"", "true"]),
    SchemaCase(#"{"type":"number"}"#, valid: ["1", "1.5"], invalid: ["\"1\"", "false", "null"]),
    SchemaCase(#"{"type":["null","string"]}"#, valid: ["null", "\"\""], invalid: ["0", "false", "[]", "{}"]),
    SchemaCase(#"{"type":["boolean","array"]}"#, valid: ["true", "[]"], invalid: ["0", "null", "{}"]),
    SchemaCase(#"{"type":["integer","object"]}"#, valid: ["3", "{}"], invalid: ["3.5", "[]"]),
    SchemaCase(#"{"const":1}"#, valid: ["1", "1.0", "1e0"], invalid: ["true", "\"1\"", "2"]),
    SchemaCase(#"{"const":false}"#, valid: ["false"], invalid: ["0", "null"]),
    SchemaCase(#"{"const":{"a":[1.0],"b":null}}"#, valid: [#"{"b":null,"a":[1]}"#], invalid: [#"{"a":[1]}"#, #"{"a":[true],"b":null}"#]),
    SchemaCase(#"{"enum":[6,"foo",[],{"a":1}]}"#, valid: ["6.0", "[]", #"{"a":1.0}"#], invalid: ["{}", "\"fo\"", "[[]]", "null"]),
    SchemaCase(#"{"enum":["é"]}"#, valid: ["\"é\"", "\"\\u00e9\""], invalid: ["\"e\\u0301\""]),
    SchemaCase(#"{"enum":[]}"#, valid: [], invalid: ["null", "1"]),
    SchemaCase(#"{"const":9007199254740993}"#, valid: ["9007199254740993"], invalid: ["9007199254740992", "9007199254740992.0"]),
    SchemaCase(#"{"unknown":{"minimum":7},"minimun":7}"#, valid: ["1"], invalid: []),
  ]

  static let numbersCases = [
    SchemaCase(#"{"minimum":1.5}"#, valid: ["1.5", "2", "\"a\""], invalid: ["1", "1.4999999999999998", "-9e99"]),
    SchemaCase(#"{"maximum":-3}"#, valid: ["-3", "-3.0", "-1e99"], invalid: ["-2", "-2.5", "0"]),
    SchemaCase(#"{"exclusiveMinimum":0}"#, valid: ["1", "5e-324"], invalid: ["0", "0.0", "-1"]),
    SchemaCase(#"{"exclusiveMaximum":9223372036854775807}"#, valid: ["9223372036854775806"], invalid: ["9223372036854775807", "9223372036854775808"]),
    SchemaCase(#"{"maximum":9007199254740992.0}"#, valid: ["9007199254740992"], invalid: ["9007199254740993"]),
    SchemaCase(#"{"minimum":-9223372036854775808}"#, valid: ["-9223372036854775808", "-9223372036854775808.0"], invalid: ["-9223372036854777856"]),
    SchemaCase(#"{"minimum":2.5}"#, valid: ["3"], invalid: ["2", "-3"]),
    SchemaCase(#"{"maximum":-2.5}"#, valid: ["-3"], invalid: ["-2", "3"]),
    SchemaCase(#"{"multipleOf":0.01}"#, valid: ["0.07", "4.35", "1.1", "19.99", "0", "100", "1e300", "-0.29"], invalid: ["0.075", "1e-3", "0.0101"]),
    SchemaCase(#"{"multipleOf":0.1}"#, valid: ["0.3", "0.7", "1e20"], invalid: ["0.35"]),
    SchemaCase(#"{"multipleOf":3}"#, valid: ["9", "-9.0", "3e20", "9223372036854775806"], invalid: ["1", "1e20", "9223372036854775807"]),
    SchemaCase(#"{"multipleOf":1.5}"#, valid: ["3", "4.5"], invalid: ["2", "4"]),
    SchemaCase(#"{"multipleOf":1e300}"#, valid: ["0", "1e300", "3e301"], invalid: ["1", "1.5e300"]),
    SchemaCase(#"{"multipleOf":5e-324}"#, valid: ["1"], invalid: []),
  ]

  static let stringsCases = [
    SchemaCase(#"{"minLength":2}"#, valid: ["\"ab\"", "\"é€😀\"", "1"], invalid: ["\"\"", "\"a\"", "\"é\"", "\"😀\""]),
    SchemaCase(#"{"maxLength":2.0}"#, valid: ["\"\"", "\"😀😀\"", "\"e\\u0301\""], invalid: ["\"abc\"", "\"e\\u0301x\"", "\"😀😀😀\""]),
    SchemaCase(#"{"pattern":"b+"}"#, valid: ["\"abbc\"", "1"], invalid: ["\"\"", "\"ac\""]),
    SchemaCase(#"{"pattern":"^a$"}"#, valid: ["\"a\""], invalid: ["\"ba\"", "\"a\\n\""]),
    SchemaCase(#"{"format":"made-up"}"#, valid: ["\"x\""], invalid: []),
  ]

  static let arraysCases = [
    SchemaCase(#"{"minItems":1,"maxItems":2}"#, valid: ["[1]", "[1,2]", "{}"], invalid: ["[]", "[1,2,3]"]),
    SchemaCase(#"{"items":{"type":"string"}}"#, valid: ["[]", "[\"a\"]"], invalid: ["[\"a\",1]"]),
    SchemaCase(#"{"prefixItems":[{"type":"string"},true],"items":false}"#, valid: ["[]", "[\"a\"]", "[\"a\",1]"], invalid: ["[1]", "[\"a\",1,1]"]),
    SchemaCase(#"{"contains":{"minimum":5}}"#, valid: ["[1,5]"], invalid: ["[]", "[4]"]),
    SchemaCase(#"{"contains":true,"minContains":0}"#, valid: ["[]", "[4]"], invalid: []),
    SchemaCase(#"{"contains":{"minimum":5},"minContains":2,"maxContains":3}"#, valid: ["[5,6]", "[1,5,6,7]"], invalid: ["[5]", "[5,6,7,8]"]),
    SchemaCase(#"{"minContains":2}"#, valid: ["[]"], invalid: []),
    SchemaCase(
      #"{"uniqueItems":true}"#, valid: ["[]", "[1,true]", "[0,false,null,\"\"]", "[[1],[2]]", "[{\"a\":1},{\"a\":2}]", "[[1],[true]]"],
      invalid: ["[1,1.0]", "[{\"a\":1,\"b\":2},{\"b\":2.0,\"a\":1}]", "[\"a\",2,\"a\"]", "[0,-0.0]"]),
  ]

  static let objectsCases = [
    SchemaCase(#"{"properties":{"a":{"type":"string"},"b":false}}"#, valid: ["{}", #"{"a":"","c":1}"#, "[]"], invalid: [#"{"a":1}"#, #"{"b":1}"#]),
    SchemaCase(#"{"required":["a","b"]}"#, valid: [#"{"b":null,"a":1}"#, "1"], invalid: ["{}", #"{"a":1}"#]),
    SchemaCase(#"{"required":["é"]}"#, valid: [#"{"é":1}"#], invalid: [#"{"e\u0301":1}"#]),
    SchemaCase(#"{"minProperties":1,"maxProperties":2}"#, valid: [#"{"a":1}"#], invalid: ["{}", #"{"a":1,"b":1,"c":1}"#]),
    SchemaCase(
      #"{"properties":{"a":true},"patternProperties":{"^x-":{"type":"integer"},"y$":{"minimum":3}},"additionalProperties":{"type":"null"}}"#,
      valid: [#"{"a":"s","x-1":1,"z":null}"#, #"{"x-y":3}"#], invalid: [#"{"x-1":"s"}"#, #"{"z":1}"#, #"{"x-y":2}"#, #"{"x-y":3.5}"#]),
    SchemaCase(#"{"propertyNames":{"maxLength":2}}"#, valid: [#"{"ab":1}"#], invalid: [#"{"abc":1}"#]),
    SchemaCase(#"{"dependentRequired":{"card":["address"]}}"#, valid: ["{}", #"{"address":1}"#, #"{"card":1,"address":1}"#], invalid: [#"{"card":1}"#]),
    SchemaCase(#"{"dependentSchemas":{"a":{"maxProperties":1}}}"#, valid: [#"{"a":1}"#, #"{"b":1,"c":1}"#], invalid: [#"{"a":1,"b":1}"#]),
  ]

  static let combiningCases = [
    SchemaCase(#"{"allOf":[{"minimum":2},{"maximum":4}]}"#, valid: ["3"], invalid: ["1", "5"]),
    SchemaCase(#"{"anyOf":[{"minimum":4},{"maximum":2}]}"#, valid: ["1", "5"], invalid: ["3"]),
    SchemaCase(#"{"oneOf":[{"multipleOf":2},{"multipleOf":3}]}"#, valid: ["2", "3"], invalid: ["1", "6"]),
    SchemaCase(#"{"not":{"type":"integer"}}"#, valid: ["1.5", "\"\""], invalid: ["1"]),
    SchemaCase(
      #"{"if":{"properties":{"kind":{"const":"a"}},"required":["kind"]},"then":{"required":["x"]},"else":{"required":["y"]}}"#,
      valid: [#"{"kind":"a","x":1}"#, #"{"kind":"b","y":1}"#, #"{"y":1}"#], invalid: [#"{"kind":"a","y":1}"#, #"{"kind":"b","x":1}"#]),
    SchemaCase(#"{"then":false,"else":false}"#, valid: ["1"], invalid: []),
  ]

  static let unevaluatedCases = [
    SchemaCase(
      #"{"allOf":[{"properties":{"a":true}}],"properties":{"b":true},"unevaluatedProperties":false}"#, valid: [#"{"a":1,"b":1}"#], invalid: [#"{"c":1}"#]),
    // Only the branches that fit count.
    SchemaCase(
      #"{"anyOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":true},"required":["b"]}],"unevaluatedProperties":false}"#,
      valid: [#"{"a":"","b":1}"#, #"{"b":1}"#], invalid: [#"{"a":1,"b":1}"#]),
    SchemaCase(
      #"{"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"properties":{"b":true}},"unevaluatedProperties":false}"#,
      valid: [#"{"a":1,"b":1}"#, "{}"], invalid: [#"{"a":2}"#, #"{"b":1}"#]),
    SchemaCase(#"{"not":{"not":{"properties":{"a":true}}},"unevaluatedProperties":false}"#, valid: ["{}"], invalid: [#"{"a":1}"#]),
    SchemaCase(
      ##"{"$defs":{"a":{"properties":{"a":true}}},"$ref":"#/$defs/a","dependentSchemas":{"a":{"properties":{"b":true}}},"unevaluatedProperties":{"type":"null"}}"##,
      valid: [#"{"a":1,"b":1,"c":null}"#], invalid: [#"{"b":1}"#]),
    // A cousin's properties are not seen.
    SchemaCase(#"{"allOf":[{"properties":{"a":true}},{"unevaluatedProperties":false}]}"#, valid: ["{}"], invalid: [#"{"a":1}"#]),
    SchemaCase(
      #"{"properties":{"in":{"properties":{"a":true}}},"unevaluatedProperties":false}"#, valid: [#"{"in":{"b":1}}"#], invalid: [#"{"a":1}"#]),
    SchemaCase(#"{"allOf":[{"unevaluatedProperties":true}],"unevaluatedProperties":false}"#, valid: [#"{"a":1}"#], invalid: []),
    SchemaCase(#"{"prefixItems":[true],"contains":{"type":"string"},"unevaluatedItems":false}"#, valid: [#"[1,"a"]"#], invalid: [#"[1,"a",2]"#, "[1]"]),
    SchemaCase(
      #"{"anyOf":[{"prefixItems":[true,{"const":2}]},true],"unevaluatedItems":{"type":"null"}}"#, valid: ["[1,2,null]", "[null]"], invalid: ["[1,3]"]),
    SchemaCase(#"{"allOf":[{"items":true}],"unevaluatedItems":false}"#, valid: ["[1,2]"], invalid: []),
  ]
}
