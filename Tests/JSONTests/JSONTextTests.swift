import Testing

@testable import JSON

@Suite struct JSONTextTests {
  private let document = #" { "a" : 1.50 , "b" : { "c" : [ 1 , { "d" : "x" } ] , "e" : null } , "\u0066" : "a\"}" , "" : [ ] } "#

  private func slice(_ range: Range<Int>?, of text: String) -> String? {
    range.map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
  }

  @Test("a member is found by its unescaped name and given in its exact text")
  func member() {
    let bytes = Array(document.utf8)
    #expect(slice(JSONText.member("a", of: bytes), of: document) == "1.50")
    #expect(slice(JSONText.member("f", of: bytes), of: document) == #""a\"}""#)
    #expect(slice(JSONText.member("", of: bytes), of: document) == "[ ]")
    #expect(JSONText.member("c", of: bytes) == nil)
    #expect(JSONText.member("\\u0066", of: bytes) == nil)
    #expect(JSONText.member("a", of: Array("[1]".utf8)) == nil)
    #expect(JSONText.member("e\u{301}", of: Array("{\"é\":1}".utf8)) == nil)
  }

  @Test("a value is found by its path through objects")
  func path() {
    let bytes = Array(document.utf8)
    #expect(slice(JSONText.value(at: ["b", "c"], in: bytes), of: document) == #"[ 1 , { "d" : "x" } ]"#)
    #expect(slice(JSONText.value(at: ["b", "e"], in: bytes), of: document) == "null")
    #expect(slice(JSONText.value(at: [], in: bytes), of: document) == document.trimmed)
    #expect(JSONText.value(at: ["b", "c", "d"], in: bytes) == nil)
    #expect(JSONText.value(at: ["a", "x"], in: bytes) == nil)
  }

  @Test("each member is visited once, in order")
  func forEach() {
    var visited: [String] = []
    JSONText.forEachMember(of: Array(document.utf8)) { key, value in visited.append(key + "=" + (slice(value, of: document) ?? "")) }
    #expect(visited == ["a=1.50", #"b={ "c" : [ 1 , { "d" : "x" } ] , "e" : null }"#, #"f="a\"}""#, "=[ ]"])
  }

  @Test(
    "members are removed, the others keep their text",
    arguments: [
      (["a"], #"{"b":{"a":1e1},"c":"x"}"#), (["b", "a"], #"{"c":"x"}"#), (["c", "zz"], #"{"a":1.0,"b":{"a":1e1}}"#),
      (["b"], #"{"a":1.0,"c":"x"}"#), (["a", "b", "c"], "{}"), ([], #"{"a":1.0,"b":{"a":1e1},"c":"x"}"#),
      (["0", "1", "2", "3", "4", "5", "6", "7", "b", "9"], #"{"a":1.0,"c":"x"}"#),
    ] as [([String], String)])
  func removing(names: [String], result: String) {
    let removed = JSONText.removingMembers(names, from: Array(#"{"a":1.0,"b":{"a":1e1},"c":"x"}"#.utf8))
    #expect(String(decoding: removed, as: UTF8.self) == result)
    let spaced = JSONText.removingMembers(Set(names), from: Array(#" { "a" :1.0, "\u0062" : {"a":1e1} , "c":"x" } "#.utf8))
    #expect(JSONText.compact(spaced) == Array(result.replacing("\"b\"", with: #""\u0062""#).utf8))
  }

  @Test(
    "paths choose what stays",
    arguments: [
      (["a"], #"{"a":1.0}"#),
      (["b.c", "a"], #"{"a":1.0,"b":{"c":1e1}}"#),
      (["b"], #"{"b":{"c":1e1,"d":{"e":[]}}}"#),
      (["b.c", "b"], #"{"b":{"c":1e1,"d":{"e":[]}}}"#),
      (["b", "b.c"], #"{"b":{"c":1e1,"d":{"e":[]}}}"#),
      (["b.d.e"], #"{"b":{"d":{"e":[]}}}"#),
      (["b.d.e.f"], #"{"b":{"d":{"e":[]}}}"#),
      (["b.x"], #"{"b":{}}"#),
      (["a.x"], "{}"),
      (["l.m"], #"{"l":[{"m":1},{},[{"m":3}]]}"#),
      (["x", "y.z"], "{}"),
      ([], "{}"),
      ([""], "{}"),
      (["é"], #"{"\u00e9":0}"#),
      (["b.", ".a", "..", "é."], #"{"b":{}}"#),
    ] as [([String], String)])
  func keeping(paths: [String], result: String) {
    let text = #"{"a":1.0,"b":{"c":1e1,"d":{"e":[]}},"l":[{"m":1},{"n":2},5,[{"m":3,"n":4}]],"\u00e9":0}"#
    #expect(String(decoding: JSONText.keepingMembers(paths, of: Array(text.utf8)), as: UTF8.self) == result)
  }

  @Test("what is kept of a text that is no object is an empty object", arguments: ["[1]", "1", "", "\"a\""])
  func keepingOfOther(text: String) {
    #expect(JSONText.keepingMembers(["a"], of: Array(text.utf8)) == Array("{}".utf8))
    #expect(JSONText.removingMembers(["a"], from: Array(text.utf8)) == Array("{}".utf8))
  }

  @Test("white space between tokens goes, white space in strings stays")
  func compact() throws {
    let result = #"{"a":1.50,"b":{"c":[1,{"d":"x"}],"e":null},"\u0066":"a\"}","":[]}"#
    #expect(JSONText.compact(Array(document.utf8)) == Array(result.utf8))
    #expect(try JSONText.compactObject(validating: Array(document.utf8)) == Array(result.utf8))
    #expect(JSONText.compact(Array(#"[ " \" \\" , "  " ]"#.utf8)) == Array(#"[" \" \\","  "]"#.utf8))
  }

  @Test(
    "an object without members is empty",
    arguments: [
      ("{}", true), (" { \n } ", true), (#"{"a":1}"#, false), ("[]", false), ("", false), ("null", false),
    ])
  func isEmptyObject(text: String, isEmpty: Bool) { #expect(JSONText.isEmptyObject(Array(text.utf8)) == isEmpty) }

  @Test("looking into random objects finds what parsing finds", arguments: SeededChance.seeds)
  func model(seed: UInt64) throws {
    var source = JSONChance(chance: SeededChance(seed: seed))
    for _ in 0..<100 {
      let object = source.object()
      let bytes = Array(source.text(.object(object)).utf8)
      for name in JSONChance.names {
        let found = try JSONText.member(name, of: bytes).map { try JSONValue(parsing: Array(bytes[$0])) }
        #expect(found == object[name])
        var rest = object
        rest.remove(name)
        #expect(try JSONValue(parsing: JSONText.removingMembers([name], from: bytes)) == .object(rest))
        let kept: JSONObject = object[name].map { [name: $0] } ?? [:]
        #expect(try JSONValue(parsing: JSONText.keepingMembers([[name]], of: bytes)) == .object(kept))
      }
    }
  }
}

extension String {
  fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
