import Testing

@testable import JSON

@Suite struct MergePatchTests {
  /// RFC 7396, appendix A: original, patch, result.
  static let appendix: [(String, String, String)] = [
    (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
    (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#),
    (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
    (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
    (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
    (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
    (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
    (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
    (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
    (#"{"a":"foo"}"#, #"null"#, #"null"#),
    (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
    (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
    (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
    (#"{}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
  ]

  static let own: [(String, String, String)] = [
    // Section 1's example, as far as texts go.
    (
      #"{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],"content":"This will be unchanged"}"#,
      #"{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}"#,
      #"{"title":"Hello!","author":{"givenName":"John"},"tags":["example"],"content":"This will be unchanged","phoneNumber":"+01-123-456-7890"}"#
    ),
    // Untouched members keep their exact text.
    (
      #"{"n":1.10e+01,"s":"\u0041\/","o":{"x" : 1E2,"y":12345678901234567890},"p":1}"#, #"{"p":2,"o":{"z":-0}}"#,
      #"{"n":1.10e+01,"s":"\u0041\/","o":{"x" : 1E2,"y":12345678901234567890,"z":-0},"p":2}"#
    ),
    (#"{"a":1}"#, #"{}"#, #"{"a":1}"#),
    (#"{"a":5}"#, #"{"a":{}}"#, #"{"a":{}}"#),
    (#"{"a":{"b":1}}"#, #"{"a":{}}"#, #"{"a":{"b":1}}"#),
    (#"{"a":{"b":1}}"#, #"{"a":{"b":null}}"#, #"{"a":{}}"#),
    (#"{"a":[1]}"#, #"{"a":{"b":null,"c":[null,{"d":null}]}}"#, #"{"a":{"c":[null,{"d":null}]}}"#),
    (#"{"a":1,"b":2,"c":3}"#, #"{"c":null,"a":null,"b":null}"#, #"{}"#),
    (#"{"\u0061":1,"é":2}"#, #"{"a":3,"\u00e9":null}"#, #"{"\u0061":3}"#),
    (#"null"#, #"{"a":null}"#, #"{}"#),
    ("\n{ \"a\" : 1 }\n", " { \"b\" : [ 1 , \" \" ] } ", #"{"a" : 1,"b":[1," "]}"#),
    (#"{}"#, " [ 1 ] ", "[1]"),
    (#"{"aa":1,"a":2,"":3,"ab":4}"#, #"{"":null,"a":null,"b":5}"#, #"{"aa":1,"ab":4,"b":5}"#),
  ]

  @Test("the cases of RFC 7396's appendix, and our own", arguments: appendix + own)
  func cases(target: String, patch: String, result: String) throws {
    let merged = try JSONText.mergePatch(Array(patch.utf8), onto: Array(target.utf8))
    #expect(String(decoding: merged, as: UTF8.self) == result)
  }

  @Test("a patch that is not valid is refused", arguments: ["", "{", #"{"a":1,"a":2}"#, #"{"a":"\ud800"}"#, "{}x"])
  func refusesPatch(patch: String) {
    #expect(throws: JSONError.self) { try JSONText.mergePatch(Array(patch.utf8), onto: Array("{}".utf8)) }
  }

  @Test("patching bytes does what RFC 7396's pseudo-code does to values", arguments: SeededChance.seeds)
  func model(seed: UInt64) throws {
    var source = JSONChance(chance: SeededChance(seed: seed))
    for _ in 0..<300 {
      let target = source.value(depth: 3)
      let patch = source.chance.oneIn(10) ? source.value() : .object(source.object(depth: 3))
      let merged = try JSONText.mergePatch(Array(source.text(patch).utf8), onto: Array(source.text(target).utf8))
      #expect(try JSONValue(parsing: merged) == mergePatch(target, patch))
    }
  }

  /// `MergePatch(Target, Patch)` of section 2.
  private func mergePatch(_ target: JSONValue, _ patch: JSONValue) -> JSONValue {
    guard case .object(let members) = patch else { return patch }
    var result = target.objectValue ?? [:]
    for (name, value) in members {
      if value.isNull { result.remove(name) } else { result[name] = mergePatch(result[name] ?? .null, value) }
    }
    return .object(result)
  }
}
