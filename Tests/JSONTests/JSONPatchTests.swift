import Glibc
import Testing

@testable import JSON

@Suite("JSON Patch (RFC 6902)")
struct JSONPatchTests {
  private func apply(_ patch: String, to document: String, readOnly: [String] = []) throws -> String {
    String(decoding: try JSONPatch(Array(patch.utf8), readOnly: readOnly).applied(to: Array(document.utf8)), as: UTF8.self)
  }

  private func failure(_ patch: String, on document: String = "{}", readOnly: [String] = []) -> JSONPatchError? {
    do {
      _ = try apply(patch, to: document, readOnly: readOnly)
      return nil
    } catch {
      return error as? JSONPatchError
    }
  }

  @Test(
    "The examples of the specification's appendix A",
    arguments: [
      (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"foo":"bar","baz":"qux"}"#),
      (#"{"foo":["bar","baz"]}"#, #"[{"op":"add","path":"/foo/1","value":"qux"}]"#, #"{"foo":["bar","qux","baz"]}"#),
      (#"{"baz":"qux","foo":"bar"}"#, #"[{"op":"remove","path":"/baz"}]"#, #"{"foo":"bar"}"#),
      (#"{"foo":["bar","qux","baz"]}"#, #"[{"op":"remove","path":"/foo/1"}]"#, #"{"foo":["bar","baz"]}"#),
      (#"{"baz":"qux","foo":"bar"}"#, #"[{"op":"replace","path":"/baz","value":"boo"}]"#, #"{"baz":"boo","foo":"bar"}"#),
      (
        #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#, #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
        #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#
      ),
      (#"{"foo":["all","grass","cows","eat"]}"#, #"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#, #"{"foo":["all","cows","eat","grass"]}"#),
      (
        #"{"baz":"qux","foo":["a",2,"c"]}"#,
        #"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#, #"{"baz":"qux","foo":["a",2,"c"]}"#
      ),
      (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#, #"{"foo":"bar","child":{"grandchild":{}}}"#),
      (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#, #"{"foo":"bar","baz":"qux"}"#),
      (#"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":10}]"#, #"{"/":9,"~1":10}"#),
      (#"{"foo":["bar"]}"#, #"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#, #"{"foo":["bar",["abc","def"]]}"#),
    ])
  func appendix(_ document: String, _ patch: String, _ expected: String) throws {
    #expect(try apply(patch, to: document) == expected)
  }

  @Test(
    "The examples of the specification's appendix A that fail",
    arguments: [
      (#"{"baz":"qux"}"#, #"[{"op":"test","path":"/baz","value":"bar"}]"#, JSONPatchError.Kind.misfit),
      (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz/bat","value":"qux"}]"#, .misfit),
      (#"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":"10"}]"#, .misfit),
    ])
  func appendixFailures(_ document: String, _ patch: String, _ kind: JSONPatchError.Kind) {
    #expect(failure(patch, on: document)?.kind == kind)
  }

  @Test("What is not touched keeps its exact text, numbers and escapes too")
  func exactText() throws {
    let document = #"{"n":12345678901234567890123,"e":1.50e+2,"k\u0061":"\u00e4","a":[1.0,{"x":-0}]}"#
    #expect(
      try apply(#"[{"op":"add","path":"/a/1/y","value":2.50},{"op":"test","path":"/ka","value":"ä"}]"#, to: document)
        == #"{"n":12345678901234567890123,"e":1.50e+2,"k\u0061":"\u00e4","a":[1.0,{"x":-0,"y":2.50}]}"#)
  }

  @Test("Numbers are tested by their value, objects whatever their order")
  func equality() throws {
    let document = #"{"a":1,"b":{"x":[1.0,2],"y":null},"c":0.1}"#
    for (path, value) in [("/a", "1.0"), ("/a", "10e-1"), ("/b", #"{"y":null,"x":[1,2e0]}"#), ("/c", "1e-1")] {
      #expect(failure(#"[{"op":"test","path":"\#(path)","value":\#(value)}]"#, on: document) == nil, "\(path) \(value)")
    }
    for (path, value) in [("/a", "\"1\""), ("/a", "true"), ("/b", #"{"x":[2,1],"y":null}"#), ("/b", #"{"x":[1,2]}"#), ("/c", "0.10000001")] {
      #expect(failure(#"[{"op":"test","path":"\#(path)","value":\#(value)}]"#, on: document)?.kind == .misfit, "\(path) \(value)")
    }
  }

  @Test("A patch that is wrong in itself is told from one that does not fit, and names the operation")
  func kinds() {
    for (patch, pointer) in [
      ("{}", ""), ("[1]", "/0"), (#"[{"op":"add","path":"/a"}]"#, "/0/value"), (#"[{"op":"test","path":"/a","value":1},{"op":"spam"}]"#, "/1/op"),
      (#"[{"path":"/a"}]"#, "/0/op"), (#"[{"op":"remove","path":"a"}]"#, "/0/path"), (#"[{"op":"remove","path":"/~2"}]"#, "/0/path"),
      (#"[{"op":"remove","path":""}]"#, "/0/path"), (#"[{"op":"move","path":"/a/b","from":"/a"}]"#, "/0/path"),
      (#"[{"op":"copy","path":"/a"}]"#, "/0/from"), (#"[{"op":"remove","path":1}]"#, "/0/path"),
      (#"[{"op":"remove","path":"\#(String(repeating: "/a", count: 65))"}]"#, "/0/path"),
    ] {
      let error = failure(patch, on: #"{"a":1}"#)
      #expect(error?.kind == .malformed && error?.pointer == pointer, "\(patch): \(String(describing: error))")
    }
    for (patch, pointer) in [
      (#"[{"op":"add","path":"/b/c","value":1}]"#, "/0/path"), (#"[{"op":"remove","path":"/b"}]"#, "/0/path"),
      (#"[{"op":"replace","path":"/l/2","value":1}]"#, "/0/path"), (#"[{"op":"add","path":"/l/3","value":1}]"#, "/0/path"),
      (#"[{"op":"add","path":"/l/01","value":1}]"#, "/0/path"), (#"[{"op":"remove","path":"/l/-"}]"#, "/0/path"),
      (#"[{"op":"copy","path":"/b","from":"/x"}]"#, "/0/from"), (#"[{"op":"add","path":"/a/b","value":1}]"#, "/0/path"),
      (#"[{"op":"move","path":"/a","from":"/y"}]"#, "/0/from"), (#"[{"op":"move","path":"/y","from":"/y"}]"#, "/0/from"),
    ] {
      let error = failure(patch, on: #"{"a":1,"l":[1,2]}"#)
      #expect(error?.kind == .misfit && error?.pointer == pointer, "\(patch): \(String(describing: error))")
    }
  }

  @Test("Members that are kept by the server can be tested and copied, not changed")
  func readOnly() throws {
    let document = #"{"version":3,"a":1}"#
    #expect(
      try apply(#"[{"op":"test","path":"/version","value":3},{"op":"copy","from":"/version","path":"/was"}]"#, to: document, readOnly: ["version"])
        == #"{"version":3,"a":1,"was":3}"#)
    for operation in [
      #"{"op":"replace","path":"/version","value":3}"#, #"{"op":"remove","path":"/version"}"#, #"{"op":"move","path":"/b","from":"/version"}"#,
      #"{"op":"move","path":"/version","from":"/a"}"#, #"{"op":"copy","path":"/version","from":"/a"}"#, #"{"op":"add","path":"/version/a","value":1}"#,
    ] { #expect(failure("[\(operation)]", on: document, readOnly: ["version"])?.kind == .malformed, "\(operation)") }
  }

  @Test("A patch that copies what it copied does not fill the memory", .timeLimit(.minutes(1)))
  func doubling() {
    let doubling = #"{"op":"copy","from":"","path":"/a"},{"op":"copy","from":"/a","path":"/b"}"#
    let patch = "[" + Array(repeating: doubling, count: 100).joined(separator: ",") + "]"
    #expect(failure(patch, on: #"{"x":"\#(String(repeating: "x", count: 1000))"}"#)?.kind == .excessive)
  }

  @Test("A short patch cannot keep the writer busy", .timeLimit(.minutes(1)))
  func costs() {
    let array = #"{"a":["# + Array(repeating: "1", count: 400_000).joined(separator: ",") + "]}"
    let object = "{" + (0..<80_000).map { #""\#($0)":1"# }.joined(separator: ",") + "}"
    for (operation, document) in [
      (#"{"op":"remove","path":"/a/0"}"#, array), (#"{"op":"add","path":"/a/0","value":1}"#, array),
      (#"{"op":"test","path":"/a","value":[2]}"#, array), (#"{"op":"move","from":"/a/0","path":"/a/-"}"#, array),
      (#"{"op":"move","from":"/a","path":"/b"},{"op":"move","from":"/b","path":"/a"}"#, array),
      (#"{"op":"test","path":"","value":{}},{"op":"add","path":"/x","value":1},{"op":"remove","path":"/x"}"#, object),
    ] {
      let start = ContinuousClock.now
      _ = failure("[" + Array(repeating: operation, count: 1600).joined(separator: ",") + "]", on: document)
      // Unbounded these take minutes; a debug build takes about a second.
      #expect(ContinuousClock.now - start < .seconds(20), "\(operation)")
    }
    #expect(failure("[" + Array(repeating: #"{"op":"test","path":"","value":{}}"#, count: 5001).joined(separator: ",") + "]")?.kind == .malformed)
  }

  private static let suite = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/.tools/suites/json-patch/tests.json"

  /// The suite of github.com/json-patch/json-patch-tests, which `scripts/fetch-suites` fetches; nothing of it is in this tree.
  @Test("Passes the official test cases", .enabled(if: access(JSONPatchTests.suite, R_OK) == 0, "scripts/fetch-suites was not called"))
  func official() throws {
    var count = 0
    let suite = try SuiteFile.contents(of: Self.suite)
    for range in JSONText.elements(of: suite) {
      let text = Array(suite[range])
      // One of its cases has an operation with two `op`s, which is no JSON to us.
      guard let test = try? JSONValue(parsing: text) else {
        #expect(String(decoding: text, as: UTF8.self).contains("duplicate ops"))
        continue
      }
      guard let document = test["doc"], let patch = test["patch"] else { continue }
      let name = "\(test["comment"]?.stringValue ?? "") \(patch.text)"
      count += 1
      if test["error"] == nil {
        let result = try JSONValue(parsing: apply(patch.text, to: document.text))
        if let expected = test["expected"] { #expect(SchemaEquality.same(result, expected), "\(name)") }
      } else {
        #expect(failure(patch.text, on: document.text) != nil, "\(name)")
      }
    }
    #expect(count >= 75)
  }
}
