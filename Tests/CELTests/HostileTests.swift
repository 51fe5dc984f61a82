import CEL
import JSON
import Testing

@Suite("Hostile expressions are refused or stopped") struct HostileTests {
  @Test(
    "Sources that are too large or too deep are refused",
    arguments: [
      String(repeating: "1+", count: 5_000_000) + "1", String(repeating: "(", count: 5000), String(repeating: "[", count: 5000),
      String(repeating: "{1:", count: 3000),
      String(repeating: "!", count: 10_000) + "true", String(repeating: "-", count: 10_000) + "x", String(repeating: "a?b:", count: 2000) + "c",
      "x" + String(repeating: ".a", count: 4000),
      "x" + String(repeating: "[0]", count: 3000), String(repeating: "f(", count: 4000), String(repeating: "1+", count: 4000) + "1",
      String(repeating: "x.map(x,", count: 1000),
      "[" + String(repeating: "1,", count: 5000) + "1]" + String(repeating: " ", count: 10_000),
    ])
  func large(_ source: String) {
    #expect(throws: CELError.self) { try evaluate(source, ["x": .int(1)]) }
  }

  @Test("What the definition asks to be possible is possible") func depth() throws {
    #expect(try evaluate(String(repeating: "(", count: 32) + "1" + String(repeating: ")", count: 32)) == .int(1))
    #expect(try evaluate((0..<48).map(String.init).joined(separator: "+")) == .int(1128))
    #expect(try evaluate((0..<500).map { "x == \($0)" }.joined(separator: " || "), ["x": .int(499)]) == .bool(true))
    #expect(try evaluate(String(repeating: "true ? ", count: 1) + "1 : " + String(repeating: "true ? 2 : ", count: 30) + "3") == .int(1))
    #expect(try evaluate("x in [" + (0..<2000).map(String.init).joined(separator: ",") + "]", ["x": .int(1999)]) == .bool(true))
    #expect(try evaluate("'a1999' in [" + (0..<1000).map { "'a\($0)'" }.joined(separator: ",") + "]") == .bool(false))
  }

  @Test(
    "Loops within loops and texts that grow are stopped by their cost",
    arguments: [
      "l.all(a, l.all(b, l.all(c, l.all(d, a + b + c + d >= 0))))", "l.map(a, l.map(b, l.map(c, l)))",
      "cel.bind(a, s + s, cel.bind(b, a + a, cel.bind(c, b + b, cel.bind(d, c + c, cel.bind(e, d + d, cel.bind(f, e + e, cel.bind(g, f + f, cel.bind(h, g + g, h + h)))))))).size() > 0",
      "cel.bind(a, [l, l, l, l], cel.bind(b, [a, a, a, a], cel.bind(c, [b, b, b, b], cel.bind(d, [c, c, c, c], cel.bind(e, [d, d, d, d], e == [d, d, d, d])))))",
      "s.replace('', s).replace('', s).size()", "l.all(a, m == m)", "s.split('').map(c, s.split('').map(d, s)).size()", "l.all(i, s.indexOf('ab') == -1)",
    ])
  func cost(_ source: String) throws {
    let numbers = CELValue.list((0..<200).map { .int($0) })
    let map = CELValue.map(CELMap(fields: (0..<2000).map { ("key\($0)", .int($0)) }))
    let variables: [String: CELValue] = ["l": numbers, "s": .string(String(repeating: "aaaaaaaaaa", count: 2000)), "m": map]
    let clock = ContinuousClock()
    var error: CELEvaluationError?
    let time = clock.measure { error = #expect(throws: CELEvaluationError.self) { try evaluate(source, variables) } }
    #expect(error?.code == .costExceeded)
    // Some milliseconds in a release build; here the bound is only that it ends at all soon.
    #expect(time < .seconds(20))
  }

  @Test("Constants are not worked out at any price") func folding() {
    var source = "'aaaaaaaaaaaaaaaa'"
    for _ in 0..<20 { source = "\(source).replace('a', 'aaaaaaaa')" }
    #expect(throws: (any Error).self) { try evaluate("size(\(source)) > 0") }
  }

  @Test("A cost that ran out is absorbed by nothing") func finalFault() throws {
    let variables: [String: CELValue] = ["l": .list((0..<1000).map { .int($0) })]
    #expect(throws: CELEvaluationError.self) { try evaluate("l.all(a, l.all(b, l.all(c, c >= 0))) || l.size() > 0", variables) }
  }

  @Test(
    "A text that is no JSON is at worst a document without fields",
    arguments: ["", "{", "{\"a\":", "{\"a\":\"b", "[1]", "\"a\"", "{\"a\\", "{\"a\":1,", "{\"\\u00", "nul", "{\"a\":{\"b\":[", "\u{0}\u{1}"])
  func brokenDocuments(_ body: String) throws {
    for source in ["a == 'b'", "a.b == 1", "a[0] == 1", "has(a)", "document == {}", "size(a) > 0", "'x' in a", "a + 1 == 2", "a && true"] {
      let expression = try CELExpression(source, in: .rule)
      _ = expression.allows(CELDocumentActivation(document: CELDocument(body: Array(body.utf8))))
      _ = try? expression.evaluate(CELDocumentActivation(document: CELDocument(body: Array(body.utf8))))
    }
  }

  @Test("A document cut off anywhere, or with any byte changed, never leads out of its bounds")
  func cutDocuments() throws {
    let whole = Array(
      #"{"a":"b","long \"key\" of a field":"a \\\"long\\\" value \\","a":{"b":[1,"x\\"]},"n":-1.5e3,"t":true,"z":null,"\u0061b":"\u00e9"}"#.utf8)
    let expressions = ["a == 'b'", "ab == 'é'", "z == null && t", "n < 0 && a.b[1] == 'x'", "`long \"key\" of a field` == ''", "missing"].compactMap {
      try? CELExpression($0, in: .rule)
    }
    var bodies = (0...whole.count).map { Array(whole.prefix($0)) }
    for place in whole.indices {
      for byte in [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ":"), UInt8(ascii: "["), 0, 0xFF] {
        var body = whole
        body[place] = byte
        bodies.append(body)
      }
    }
    for body in bodies {
      let activation = CELDocumentActivation(document: CELDocument(body: body))
      for expression in expressions {
        _ = expression.allows(activation)
        _ = try? expression.evaluate(activation)
      }
    }
  }
}
