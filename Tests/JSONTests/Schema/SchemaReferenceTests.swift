import Testing

@testable import JSON

@Suite("References within a schema") struct SchemaReferenceTests {
  static let cases = [
    SchemaCase(
      ##"{"properties":{"next":{"$ref":"#"},"v":{"$ref":"#/$defs/v"}},"$defs":{"v":{"type":"integer"}}}"##,
      valid: [#"{"v":1,"next":{"v":2,"next":{}}}"#], invalid: [#"{"next":{"next":{"v":"x"}}}"#]),
    SchemaCase(
      ##"{"$ref":"#/$defs/a~1b~0c%25d%20e","$defs":{"a/b~c%d e":{"type":"null"}}}"##, valid: ["null"], invalid: ["1"]),
    SchemaCase(##"{"$ref":"#name","$defs":{"x":{"$anchor":"name","type":"null"}}}"##, valid: ["null"], invalid: ["1"]),
    // Keywords beside $ref count too.
    SchemaCase(##"{"$ref":"#/$defs/n","maximum":3,"$defs":{"n":{"minimum":1}}}"##, valid: ["2"], invalid: ["0", "4"]),
    // $id changes what references are relative to.
    SchemaCase(
      ##"{"$id":"https://a.example/x/root.json","$ref":"../y/item.json","$defs":{"i":{"$id":"/y/item.json","$ref":"#/$defs/t","$defs":{"t":{"type":"string"}}},"t":{"type":"null"}}}"##,
      valid: ["\"\""], invalid: ["null"]),
    SchemaCase(
      ##"{"$ref":"item.json#deep","$defs":{"i":{"$id":"item.json","$defs":{"d":{"$anchor":"deep","type":"string"}}}}}"##, valid: ["\"\""], invalid: ["1"]),
    SchemaCase(
      ##"{"$id":"urn:example:root","$ref":"urn:example:leaf","$defs":{"l":{"$id":"urn:example:leaf","type":"string"}}}"##, valid: ["\"\""], invalid: ["1"]),
    // An anchor belongs to its resource.
    SchemaCase(
      ##"{"$anchor":"a","properties":{"in":{"$id":"in.json","properties":{"x":{"$ref":"#a"}},"$defs":{"s":{"$anchor":"a","type":"null"}}}}}"##,
      valid: [#"{"in":{"x":null}}"#], invalid: [#"{"in":{"x":{}}}"#]),
    // Places under keywords that are not known.
    SchemaCase(##"{"$ref":"#/made/0/up","made":[{"up":{"type":"null"}}]}"##, valid: ["null"], invalid: ["1"]),
    SchemaCase(##"{"$ref":"#/definitions/a","definitions":{"a":{"type":"null"}}}"##, valid: ["null"], invalid: ["1"]),
    // What looks like a schema inside of const is none.
    SchemaCase(##"{"const":{"$id":"#no","$ref":"#nowhere"}}"##, valid: [##"{"$id":"#no","$ref":"#nowhere"}"##], invalid: ["1"]),
    // The outermost resource with the dynamic anchor counts: a list of strings.
    SchemaCase(
      ##"""
      {"$id":"https://a.example/strings","$ref":"list","$defs":{"s":{"$dynamicAnchor":"item","type":"string"},
       "l":{"$id":"list","items":{"$dynamicRef":"#item"},"$defs":{"any":{"$dynamicAnchor":"item"}}}}}
      """##, valid: ["[\"a\"]"], invalid: ["[1]"]),
    // With $anchor in the first place it leads to, it is a $ref.
    SchemaCase(
      ##"""
      {"$id":"https://a.example/strings","$ref":"list","$defs":{"s":{"$dynamicAnchor":"item","type":"string"},
       "l":{"$id":"list","items":{"$dynamicRef":"#item"},"$defs":{"any":{"$anchor":"item"}}}}}
      """##, valid: ["[\"a\"]", "[1]"], invalid: []),
    SchemaCase(
      ##"""
      {"$id":"https://a.example/strict","$dynamicAnchor":"node","$ref":"tree","unevaluatedProperties":false,
       "$defs":{"t":{"$id":"tree","$dynamicAnchor":"node","properties":{"data":true,"children":{"items":{"$dynamicRef":"#node"}}}}}}
      """##, valid: [#"{"children":[{"data":1}]}"#], invalid: [#"{"children":[{"daat":1}]}"#]),
  ]

  @Test("lead where Core section 8 says", arguments: cases)
  func references(_ schemaCase: SchemaCase) throws { try schemaCase.check() }

  static let refusedRows: [(String, String)] = [
    (##"{"$ref":"#/$defs/none"}"##, "/$ref: expected a reference to a place within this schema, found \"#/$defs/none\", which leads nowhere"),
    (##"{"not":{"$ref":"#none"}}"##, "/not/$ref: expected a reference to an anchor of this schema, found \"#none\", which leads nowhere"),
    (
      #"{"items":{"$ref":"https://a.example/x"}}"#,
      "/items/$ref: expected a reference to a place within this schema, found \"https://a.example/x\", which leads outside"
    ),
    (##"{"$ref":"#/title","title":"t"}"##, "/title: expected a schema (an object, true or false), found the string \"t\""),
    (##"{"$ref":"#/x/01","x":[true,true]}"##, "/$ref: expected a reference to a place within this schema, found \"#/x/01\", which leads nowhere"),
    (##"{"$ref":"#/%zz"}"##, "/$ref: expected a fragment with valid percent-encoding, found \"#/%zz\""),
    (##"{"$dynamicAnchor":"n","anyOf":[true,{"$dynamicRef":"#n"}]}"##, "/anyOf/1: expected references that come to an end, found a circle back to \"#\""),
    (##"{"$ref":"#"}"##, ": expected references that come to an end, found a circle back to \"#\""),
    (
      ##"{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"anyOf":[true,{"$ref":"#/$defs/a"}]}}}"##,
      "/$defs/b/anyOf/1: expected references that come to an end, found a circle back to \"#/$defs/a\""
    ),
    (##"{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}"##, "/$defs/b/$anchor: expected each anchor once in a schema resource, found \"x\" again"),
    (##"{"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}}"##, "/$defs/b/$id: expected each $id once, found \"schema:///x\" again"),
    (##"{"$id":"x#y"}"##, "/$id: expected a URI reference without a fragment, found the string \"x#y\""),
    (##"{"$ref":7}"##, "/$ref: expected a string, found the number 7"),
  ]

  @Test("that lead nowhere are refused", arguments: refusedRows)
  func refused(_ schema: String, _ problem: String) throws { #expect(try schemaProblems(schema) == [problem]) }
}
