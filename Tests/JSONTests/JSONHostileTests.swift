import Testing

@testable import JSON

/// Texts made to cost much. Linear work takes about a second even without optimisation; anything quadratic would run into the
/// time limit.
@Suite(.timeLimit(.minutes(1))) struct JSONHostileTests {
  private static let size = 1 << 20

  @Test("a mebibyte of opening brackets is refused at the 65th", arguments: ["[", "{\"\":", "[{\"a\":"])
  func nesting(opening: String) {
    let bytes = Array(String(repeating: opening, count: JSONHostileTests.size / opening.utf8.count).utf8)
    #expect(Agreement.outcome(of: bytes) == .refused)
    #expect(JSONText.value(at: ["", "", "a"], in: bytes) == nil)
    #expect(JSONText.keepingMembers(["a.b"], of: bytes).count <= bytes.count + 200)
  }

  static let keys: [(count: Int, key: @Sendable (Int) -> String)] = [
    (100_000, { "\($0)" }),
    // Alike in their first and last eight bytes, which is what short objects are compared by.
    (20_000, { "aaaaaaaa\($0 + 100_000)bbbbbbbb" }),
    // The same letters in another order: a sum of bytes tells none of them apart.
    (20_000, { number in (0..<17).map { number >> $0 & 1 == 0 ? "ab" : "ba" }.joined() }),
    (20_000, { "\\u0061\($0)" }),
  ]

  @Test("up to 100,000 distinct keys take no quadratic time, and one more of them is refused", arguments: keys.indices)
  func manyKeys(index: Int) throws {
    let (count, key) = JSONHostileTests.keys[index]
    let members = (0..<count).map { "\"\(key($0))\":0" }.joined(separator: ",")
    let bytes = Array("{\(members)}".utf8)
    #expect(Agreement.outcome(of: bytes) == .accepted)
    let object = try #require(try JSONValue(parsing: bytes).objectValue)
    #expect(object.count == count && object.allSatisfy { object[$0.key] == $0.value })
    #expect(Agreement.outcome(of: Array("{\(members),\"\(key(count / 2))\":0}".utf8)) == .refused)
    #expect(try JSONText.mergePatch(bytes, onto: bytes) == bytes)
    let nulls = Array("{\((0..<count).map { "\"\(key($0))\":null" }.joined(separator: ","))}".utf8)
    #expect(try JSONText.mergePatch(nulls, onto: bytes) == Array("{}".utf8))
    #expect(JSONText.removingMembers(object.keys, from: bytes) == Array("{}".utf8))
    #expect(JSONText.keepingMembers(object.keys.map { [$0] }, of: bytes) == bytes)
  }

  @Test("long escaped names in a patch are not unescaped for each member of the target")
  func longPatchNames() throws {
    let name = String(repeating: "\\u0061", count: 50_000)
    let patch = Array(#"{"\#(name)b":1,"\#(name)c":null,"\#(name)":{"x":1}}"#.utf8)
    let target = Array("{\((0..<100_000).map { "\"\($0)\":0" }.joined(separator: ","))}".utf8)
    #expect(try JSONText.mergePatch(patch, onto: target).count > target.count)
  }

  @Test("deep objects are patched without reading each level again")
  func deepPatch() throws {
    func nested(_ inner: String) -> String { String(repeating: #"{"a":"#, count: 60) + inner + String(repeating: "}", count: 60) }
    let filler = String(repeating: "x", count: JSONHostileTests.size)
    let merged = try JSONText.mergePatch(Array(nested("{\"b\":1}").utf8), onto: Array(nested("{\"c\":\"\(filler)\"}").utf8))
    #expect(merged == Array(nested("{\"c\":\"\(filler)\",\"b\":1}").utf8))
  }

  @Test("long strings, escapes and numbers take no quadratic time")
  func longTokens() throws {
    let size = 1 << 17
    let count = size / 6
    let accepted = [
      "\"" + String(repeating: "\\u00e9", count: count) + "\"",
      "\"" + String(repeating: "\\ud83d\\ude00", count: count / 2) + "\"",
      "\"" + String(repeating: "\\n", count: count * 3) + "\"",
      "\"" + String(repeating: "😀", count: count) + "\"",
      "{\"" + String(repeating: "\\\\", count: count * 3) + "\":1}",
      "0." + String(repeating: "1", count: size),
      "1e-" + String(repeating: "9", count: size),
      String(repeating: "9", count: size) + "e-" + String(size - 1),
      "[" + String(repeating: " \n\t\r", count: size / 4) + "]",
      "[" + String(repeating: "5e-324,", count: size / 7) + "0]",
      "[" + String(repeating: "[],", count: size / 3) + "0]",
    ]
    for text in accepted { #expect(Agreement.outcome(of: Array(text.utf8)) == .accepted, "\(text.prefix(20))") }
    let refused = [
      String(repeating: "1", count: size),
      "1e" + String(repeating: "9", count: size),
      "\"" + String(repeating: "\\", count: size + 1) + "\"",
      "\"" + String(repeating: "a", count: size),
      "[" + String(repeating: "1e400,", count: size / 6) + "0]",
    ]
    for text in refused { #expect(Agreement.outcome(of: Array(text.utf8)) == .refused, "\(text.prefix(20))") }
  }

  @Test("thousands of objects of many keys each give their memory back")
  func manyLargeObjects() {
    let object = "{" + (0..<20).map { "\"k\($0)\":{\"\\u0061\":1}" }.joined(separator: ",") + "}"
    let text = "[" + [String](repeating: object, count: 1000).joined(separator: ",") + "]"
    #expect(Agreement.outcome(of: Array(text.utf8)) == .accepted)
  }
}
