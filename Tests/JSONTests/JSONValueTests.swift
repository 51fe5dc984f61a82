import Testing

@testable import JSON

@Suite struct JSONValueTests {
  static let numbers: [(String, JSONValue)] = [
    ("0", .int(0)), ("-1", .int(-1)), ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
    ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("-9223372036854775809", .double(-9_223_372_036_854_775_808)),
    ("18446744073709551616", .double(18_446_744_073_709_551_616)), ("99999999999999999999999", .double(1e23)),
    ("1.0", .double(1)), ("1e2", .double(100)), ("0.1", .double(0.1)), ("1E-2", .double(0.01)), ("123.456", .double(123.456)),
    ("0e999999999999", .double(0)), ("1e-400", .double(0)), ("5e-324", .double(.leastNonzeroMagnitude)),
    ("2.5e-324", .double(.leastNonzeroMagnitude)),
    ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)), ("1e22", .double(1e22)), ("1e23", .double(1e23)),
    ("9007199254740993.0", .double(9_007_199_254_740_992)), ("9007199254740992e22", .double(9007199254740992e22)),
    ("0.30000000000000004", .double(0.30000000000000004)), ("8.41e21", .double(8.41e21)),
    ("123456789012345678e-5", .double(1234567890123.45678)),
    ("2.2250738585072011e-308", .double(Double.leastNormalMagnitude.nextDown)), ("0.000000000000000000000000001", .double(1e-27)),
  ]

  @Test("numbers become integers where they can, else the nearest double", arguments: numbers)
  func number(text: String, value: JSONValue) throws { #expect(try JSONValue(parsing: text) == value) }

  @Test("minus zero stays minus zero")
  func minusZero() throws {
    for text in ["-0", "-0.0", "-0e5", "-1e-999"] {
      let value = try JSONValue(parsing: text).doubleValue
      #expect(value == 0 && value?.sign == .minus)
    }
    #expect(JSONValue.double(-0.0).text == "-0.0")
  }

  @Test("doubles are parsed like the standard library does", arguments: SeededChance.seeds)
  func doubles(seed: UInt64) throws {
    var chance = SeededChance(seed: seed)
    for _ in 0..<1500 {
      let digits = String(chance.next() >> UInt64(chance.below(64)))
      let point = chance.below(digits.count)
      let text = (point == 0 ? "0." + digits : digits.prefix(point) + "." + digits.dropFirst(point)) + "e\(chance.below(60) - 30)"
      guard !text.hasPrefix("00") else { continue }
      #expect(try JSONValue(parsing: text) == .double(Double(text) ?? .nan), "\(text)")
      let any = Double(bitPattern: chance.next())
      if any.isFinite { #expect(try JSONValue(parsing: JSONValue.double(any).bytes()) == .double(any)) }
    }
  }

  @Test(
    "values are written compactly, doubles so that they stay doubles",
    arguments: [
      (.null, "null"), (.bool(true), "true"), (.bool(false), "false"), (.int(.min), "-9223372036854775808"), (.int(0), "0"),
      (.double(1), "1.0"), (.double(1e16), "1e+16"), (.double(0.1), "0.1"), (.double(.leastNonzeroMagnitude), "5e-324"),
      (.double(.nan), "null"), (.double(.infinity), "null"), (.double(-.infinity), "null"),
      (.string(""), #""""#), (.string("\u{8}\u{9}\u{A}\u{C}\u{D}\u{0}\u{1F}\"\\/\u{7F}"), #""\b\t\n\f\r\u0000\u001f\"\\/"# + "\u{7F}\""),
      (.string("héllo 🙂 wörld, longer than a word"), #""héllo 🙂 wörld, longer than a word""#),
      ([], "[]"), ([1, "a", [nil]], #"[1,"a",[null]]"#), ([:], "{}"), (["b": 1, "a": ["x": 2.5]], #"{"b":1,"a":{"x":2.5}}"#),
    ] as [(JSONValue, String)])
  func writing(value: JSONValue, text: String) { #expect(value.text == text) }

  @Test("escapes become what they stand for")
  func escapes() throws {
    let text = #""\"\\\/\b\f\n\r\t\u0000\u0041\u00e9\u20AC\ud83d\ude00 \u00ff""#
    #expect(try JSONValue(parsing: text) == .string("\"\\/\u{8}\u{C}\n\r\t\u{0}Aé€😀 ÿ"))
    #expect(try JSONValue(parsing: #"{"\u0061\n":1}"#) == ["a\n": 1])
  }

  @Test("strings are equal by code points only")
  func equality() {
    #expect(JSONValue.string("é") != .string("e\u{301}"))
    #expect(JSONValue.string("é") == .string("\u{E9}"))
    #expect(JSONValue.int(1) != .double(1))
    #expect(JSONValue.double(0) == .double(-0.0))
    #expect(Set<JSONValue>(["é", "e\u{301}", "é", 1, 1.0, [1], [1], ["a": 1, "b": 2], ["b": 2, "a": 1]]).count == 6)
  }

  @Test("accessors give a value of their kind or nil")
  func accessors() throws {
    let value: JSONValue = ["s": "x", "i": 3, "d": 1.5, "b": true, "n": nil, "a": [1, 2], "o": ["k": "v"]]
    #expect(value["s"]?.stringValue == "x" && value["s"]?.intValue == nil)
    #expect(value["i"]?.intValue == 3 && value["i"]?.doubleValue == 3)
    #expect(value["d"]?.doubleValue == 1.5 && value["d"]?.intValue == nil)
    #expect(value["b"]?.boolValue == true && value["n"]?.isNull == true && value["n"]?.boolValue == nil)
    #expect(value["a"]?[1] == 2 && value["a"]?[2] == nil && value["a"]?[-1] == nil && value["a"]?["x"] == nil)
    #expect(value["o"]?["k"] == "v" && value["o"]?[0] == nil && value["x"] == nil)
    #expect(value["a"]?.arrayValue == [1, 2] && value["o"]?.objectValue == ["k": "v"])
  }

  @Test("raw and bound buffers parse alike, and none is no value")
  func buffers() throws {
    let bytes = Array(" [1,\"a\"] ".utf8)
    #expect(try bytes.withUnsafeBytes { try JSONValue(parsing: $0) } == [1, "a"])
    #expect(try bytes.withUnsafeBufferPointer { try JSONValue(parsing: $0) } == [1, "a"])
    #expect(throws: JSONError.self) { try JSONValue(parsing: UnsafeRawBufferPointer(start: nil, count: 0)) }
    #expect(throws: JSONError.self) { try JSONText.validate(UnsafeBufferPointer<UInt8>(start: nil, count: 0)) }
  }
}
