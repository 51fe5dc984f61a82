import Testing

@testable import JSON

/// Schemas and documents made to cost much.
@Suite("Hostile schemas and documents", .timeLimit(.minutes(2))) struct SchemaHostileTests {
  /// Each of these would apply 2^30 schemas to one value.
  static let explosions = ["allOf", "anyOf", "oneOf"].flatMap { keyword in
    [false, true].map { (keyword, $0) }
  }

  @Test("nests that double at each level end with a failure that says so", arguments: explosions)
  func explosion(keyword: String, isTracked: Bool) throws {
    // Of anyOf no branch may fit until the last, so that all are tried.
    let leaf = keyword == "allOf" ? "{\"type\":\"object\"}" : "{\"type\":\"null\"}"
    var definitions = ["\"d0\":\(leaf)"]
    for level in 1...30 {
      definitions.append("\"d\(level)\":{\"\(keyword)\":[{\"$ref\":\"#/$defs/d\(level - 1)\"},{\"$ref\":\"#/$defs/d\(level - 1)\"}]}")
    }
    let rest = isTracked ? ",\"unevaluatedProperties\":false" : ""
    let schema = try JSONSchema(testing: "{\"$ref\":\"#/$defs/d30\",\"$defs\":{\(definitions.joined(separator: ","))}\(rest)}")
    let failures = schema.validate(["a": 1], most: 20, stepsMax: 100_000)
    #expect(failures.map(\.message) == ["expected a document to which the schema can be applied in 100000 steps, found one that needs more"])
  }

  @Test("giving up is never taken for validity, not even by not")
  func surrender() throws {
    var definitions = ["\"d0\":{\"type\":\"object\"}"]
    for level in 1...30 { definitions.append("\"d\(level)\":{\"allOf\":[{\"$ref\":\"#/$defs/d\(level - 1)\"},{\"$ref\":\"#/$defs/d\(level - 1)\"}]}") }
    for root in [##""not":{"$ref":"#/$defs/d30"}"##, ##""anyOf":[{"not":{"$ref":"#/$defs/d30"}},true]"##, ##""if":{"$ref":"#/$defs/d30"}"##] {
      let schema = try JSONSchema(testing: "{\(root),\"$defs\":{\(definitions.joined(separator: ","))}}")
      #expect(schema.validate([:], most: 20, stepsMax: 100_000).count == 1)
    }
  }

  @Test("defaults in nests that double at each level come to an end")
  func defaults() throws {
    var definitions = ["\"d0\":{\"type\":\"object\"}"]
    for level in 1...30 { definitions.append("\"d\(level)\":{\"allOf\":[{\"$ref\":\"#/$defs/d\(level - 1)\"},{\"$ref\":\"#/$defs/d\(level - 1)\"}]}") }
    let schema = try JSONSchema(testing: "{\"$ref\":\"#/$defs/d30\",\"$defs\":{\(definitions.joined(separator: ","))}}")
    #expect(schema.fillingDefaults([:], stepsMax: 100_000) == nil)
  }

  @Test("defaults of many small objects do not balloon")
  func manyDefaults() throws {
    let properties = (0..<1000).map { "\"p\($0)\":{\"default\":0}" }.joined(separator: ",")
    let children = (0..<1000).map { "\"c\($0)\":{\"$ref\":\"#/$defs/leaf\"}" }.joined(separator: ",")
    let schema = try JSONSchema(testing: "{\"properties\":{\(children)},\"$defs\":{\"leaf\":{\"properties\":{\(properties)}}}}")
    let filled = schema.fillingDefaults(.object(JSONObject((0..<1000).map { ("c\($0)", [:]) })))
    let values = filled?.objectValue?.reduce(0) { $0 + ($1.value.objectValue?.count ?? 0) }
    #expect(values == SchemaLimits.defaultsMax)
  }

  @Test("a long chain of references is cut off at a nesting that no honest document needs")
  func chain() throws {
    var definitions = ["\"d0\":{\"type\":\"null\"}"]
    for level in 1...3000 { definitions.append("\"d\(level)\":{\"$ref\":\"#/$defs/d\(level - 1)\"}") }
    let schema = try JSONSchema(testing: "{\"$ref\":\"#/$defs/d3000\",\"$defs\":{\(definitions.joined(separator: ","))}}")
    #expect(
      try schema.failures("null") == [
        ": expected a document to which at most 272 schemas apply within each other, found one with more"
      ])
    #expect(schema.fillingDefaults([:]) == nil)
  }

  @Test("a dynamic reference that leads back to itself ends with a failure")
  func dynamicCircle() throws {
    let schema =
      ##"{"$id":"https://a.example/r","$dynamicAnchor":"n","$ref":"t","$defs":{"t":{"$id":"t","$dynamicAnchor":"n","allOf":[{"$dynamicRef":"#n"}]}}}"##
    #expect(try JSONSchema(testing: schema).failures("{}").count == 1)
  }

  @Test("a recursive schema follows a document as deep as one may be")
  func recursion() throws {
    let schema = try JSONSchema(
      testing: ##"{"$ref":"#/$defs/n","$defs":{"n":{"allOf":[{"anyOf":[{"items":{"$ref":"#/$defs/n"}}]}],"type":["array","null"]}}}"##)
    func nested(_ leaf: String, _ depth: Int) -> String { String(repeating: "[", count: depth) + leaf + String(repeating: "]", count: depth) }
    #expect(try schema.failures(nested("null", 64)) == [])
    #expect(try schema.failures(nested("1", 64)).count == 1)
  }

  @Test("a document that is nested deeper than any parser allows does not overflow the stack")
  func deepInstance() throws {
    var instance: JSONValue = 1
    for _ in 0..<2000 { instance = [instance] }
    let schema = try JSONSchema(testing: ##"{"items":{"$ref":"#"}}"##)
    #expect(schema.validate(instance).map(\.pointer) == [""])
  }

  @Test("a schema that is too large or too deep is refused")
  func largeSchemas() throws {
    let many = "{\"allOf\":[\(Array(repeating: "true", count: 10_001).joined(separator: ","))]}"
    #expect(try schemaProblems(many).count == 1)
    var deep: JSONValue = true
    for _ in 0..<1000 { deep = ["not": deep] }
    #expect(throws: JSONSchemaError.self) { try JSONSchema(testing: deep) }
    // Pointers repeat a long name for each schema below it.
    let long = "{\"properties\":{\"\(String(repeating: "a", count: 10_000))\":{\"allOf\":[\(Array(repeating: "true", count: 5000).joined(separator: ","))]}}}"
    #expect(try schemaProblems(long).count == 1)
    let wrong = "{\"allOf\":[\(Array(repeating: "1", count: 5000).joined(separator: ","))]}"
    #expect(try schemaProblems(wrong).count == 20)
  }

  @Test("a mebibyte of equal, or nearly equal, elements is told apart in linear time")
  func uniqueItems() throws {
    let schema = try JSONSchema(testing: #"{"uniqueItems":true}"#)
    let count = 150_000
    #expect(schema.validate(.array((0..<count).map { .int(Int64($0)) })).isEmpty)
    #expect(schema.validate(.array((0..<count).map { .array([.double(Double($0))]) } + [.array([.int(0)])])).count == 1)
  }

  @Test("many unknown members of a strict schema cost no more than the failures that are wanted")
  func unknownMembers() throws {
    let schema = try JSONSchema(testing: #"{"properties":{"a":true},"additionalProperties":false,"required":["a"]}"#)
    let object = JSONObject((0..<50_000).map { ("\($0)", .null) })
    #expect(schema.validate(.object(object)).count == 20)
  }

  @Test("pointers of failures do not multiply long names")
  func longNames() throws {
    let name = String(repeating: "~", count: 200_000)
    let schema = try JSONSchema(testing: #"{"additionalProperties":{"items":{"type":"null"}}}"#)
    let failures = schema.validate(.object(JSONObject([(name, .array(Array(repeating: 1, count: 1000)))])))
    #expect(failures.count == 1 && failures[0].pointer.utf8.count == 400_003)
  }

  @Test("a pattern that is tried on a long text gives up in time")
  func longTexts() throws {
    let schema = try JSONSchema(testing: #"{"pattern":"(a?){500}b$"}"#)
    let failures = schema.validate(.string(String(repeating: "a", count: 1 << 20)))
    #expect(failures.count == 1 && failures[0].message.contains("steps"), "\(failures)")
    let names = try JSONSchema(testing: #"{"patternProperties":{"(a?){500}b$":false}}"#)
    #expect(names.validate(.object(JSONObject([(String(repeating: "a", count: 1 << 20), JSONValue.int(1))]))).count == 1)
  }

  @Test("a search that gives up fails the document, whatever stands around the pattern", arguments: ["pattern", "not", "patternProperties"])
  func searchGivesUp(keyword: String) throws {
    let schema: JSONValue =
      switch keyword {
      case "pattern": ["pattern": "a"]
      case "not": ["not": ["pattern": "a"]]
      default: ["patternProperties": ["a": true]]
      }
    let compiled = try JSONSchema(schema) { _ in { _ in nil } }
    let failures = compiled.validate(keyword == "patternProperties" ? ["b": 1] : "b")
    #expect(failures.map(\.pointer) == [""])
    #expect(failures.last?.message.contains("in time") == true)
  }

  @Test("random schemas and documents neither crash nor hang")
  func random() throws {
    var chance = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0...UInt64.max, using: &chance)
    var generator = SchemaChance(seed: seed)
    var compiled = 0
    for _ in 0..<1500 {
      let value = generator.schema(depth: 4)
      guard let schema = try? JSONSchema(testing: value) else { continue }
      compiled += 1
      for _ in 0..<5 {
        let instance = generator.instance(depth: 4)
        let failures = schema.validate(instance)
        #expect(schema.validate(instance, most: 1).isEmpty == failures.isEmpty, "seed \(seed): \(value.text) on \(instance.text)")
        // The verdict alone must be the same as that with its reasons, and negation must turn it round.
        if let negated = try? JSONSchema(testing: .object(["$defs": ["x": value], "not": ["$ref": "#/$defs/x"]])), !value.text.contains("$ref"),
          !value.text.contains("$dynamicRef")
        {
          #expect(negated.validate(instance).isEmpty != failures.isEmpty, "seed \(seed): not \(value.text) on \(instance.text)")
        }
        _ = schema.fillingDefaults(instance)
      }
    }
    #expect(compiled > 500, "seed \(seed): only \(compiled) schemas compiled")
  }
}
