import CEL
import Core
import JSON
import Testing

@Suite("What a schema says about the types in a document") struct SchemaTypesTests {
  static let rows: [(schema: String, type: CELType)] = [
    ("true", .object([:], open: true)),
    ("{}", .object([:], open: true)),
    (#"{"type":"object","additionalProperties":false}"#, .object([:], open: false)),
    (
      #"""
      {"properties":{"s":{"type":"string"},"b":{"type":"boolean"},"n":{"type":"null"},"i":{"type":"integer"},"d":{"type":["integer","number"]},
       "l":{"type":"array","items":{"type":"string"}},"m":{"type":"array"},"o":{"type":"object","properties":{"x":{"type":"string"}},"additionalProperties":false}}}
      """#,
      .object(
        [
          "s": .string, "b": .bool, "n": .null, "i": .number, "d": .number, "l": .list(.string), "m": .list(.dyn), "o": .object(["x": .string], open: false),
        ], open: true)
    ),
    // In doubt.
    (
      #"{"properties":{"a":{"type":["string","null"]},"b":true,"c":false,"d":{"minLength":1},"e":{"properties":{"x":{"type":"string"}}},"f":{"anyOf":[{"type":"string"}]}}}"#,
      .object(["a": .dyn, "b": .dyn, "c": .dyn, "d": .dyn, "e": .dyn, "f": .dyn], open: true)
    ),
    (#"{"properties":{"a":{"type":"string","allOf":[{"type":"number"}]}}}"#, .object(["a": .dyn], open: true)),
    (
      #"{"properties":{"a":{"type":"array","prefixItems":[{"type":"string"}],"items":{"type":"number"}}}}"#, .object(["a": .list(.dyn)], open: true)
    ),
    // What other keywords say only narrows.
    (#"{"properties":{"a":{"type":"string","anyOf":[{"minLength":1},{"const":""}],"not":{"const":"x"}}}}"#, .object(["a": .string], open: true)),
    (
      #"{"properties":{"a":{"enum":["x","y"]},"b":{"enum":["x",1]},"c":{"const":1.5},"d":{"enum":[1,2.5]},"e":{"const":{"x":1}},"f":{"type":["string","null"],"enum":["x"]}}}"#,
      .object(["a": .string, "b": .dyn, "c": .number, "d": .number, "e": .object([:], open: true), "f": .string], open: true)
    ),
    // References.
    (
      ##"{"properties":{"a":{"$ref":"#/$defs/t"},"b":{"$ref":"#/$defs/t","type":"number"},"c":{"$ref":"#/$defs/gone"},"d":{"$ref":"#name"}},"$defs":{"t":{"type":"string"}}}"##,
      .object(["a": .string, "b": .dyn, "c": .dyn, "d": .dyn], open: true)
    ),
    (##"{"$ref":"#/$defs/t","$defs":{"t":{"properties":{"a":{"type":"string"}},"additionalProperties":false}}}"##, .object(["a": .string], open: false)),
    (
      ##"{"properties":{"next":{"type":"object","$ref":"#"}},"additionalProperties":false}"##,
      .object(["next": .object(["next": .object([:], open: true)], open: false)], open: false)
    ),
    // Below another $id a reference means something else.
    (
      ##"{"properties":{"a":{"$id":"x","properties":{"b":{"$ref":"#/$defs/t"}},"type":"object","$defs":{"t":{"type":"number"}}}},"$defs":{"t":{"type":"string"}}}"##,
      .object(["a": .object(["b": .dyn], open: true)], open: true)
    ),
    (##"{"$id":"https://a.example/x","properties":{"a":{"$ref":"#/$defs/t"}},"$defs":{"t":{"type":"string"}}}"##, .object(["a": .string], open: true)),
    // Which properties there are.
    (
      #"{"allOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"a":{"minLength":1},"b":{"type":"boolean"}}}],"properties":{"c":{"type":"null"}}}"#,
      .object(["a": .string, "b": .bool, "c": .null], open: true)
    ),
    (
      #"{"allOf":[{"properties":{"a":{"type":"string"}}}],"properties":{"b":true},"unevaluatedProperties":false}"#,
      .object(["a": .string, "b": .dyn], open: false)
    ),
    (#"{"anyOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}"#, .object([:], open: true)),
    (#"{"allOf":[{"if":{"properties":{"a":true}}}],"unevaluatedProperties":false}"#, .object([:], open: true)),
    (#"{"allOf":[{"additionalProperties":true}],"unevaluatedProperties":false}"#, .object([:], open: true)),
    (##"{"$ref":"#/$defs/gone","unevaluatedProperties":false}"##, .object([:], open: true)),
    (#"{"patternProperties":{"^x":true},"additionalProperties":false}"#, .object([:], open: true)),
    (#"{"additionalProperties":{"type":"string"}}"#, .object([:], open: true)),
  ]

  @Test("is no more than it enforces", arguments: rows.indices)
  func types(_ index: Int) throws {
    let row = SchemaTypesTests.rows[index]
    #expect(try CELType(schema: JSONValue(parsing: row.schema)) == row.type, "\(row.schema)")
  }

  @Test("comes to an end for schemas that repeat themselves without end", .timeLimit(.minutes(1)))
  func hostile() throws {
    // Each definition leads to all others.
    let names = (0..<50).map { "d\($0)" }
    let properties = names.map { "\"\($0)\":{\"type\":\"object\",\"$ref\":\"#/$defs/\($0)\"}" }.joined(separator: ",")
    let definitions = names.map { "\"\($0)\":{\"properties\":{\(properties)}}" }.joined(separator: ",")
    guard case .object(let fields, open: true) = CELType(schema: try JSONValue(parsing: "{\"properties\":{\(properties)},\"$defs\":{\(definitions)}}")) else {
      Issue.record("no object")
      return
    }
    #expect(fields.count == 50)
    var deep: JSONValue = ["type": "string"]
    for _ in 0..<5000 { deep = ["allOf": [deep]] }
    #expect(CELType(schema: ["properties": ["a": deep]]) == .object(["a": .dyn], open: true))
  }
}
