import CEL
import JSON
import Testing

/// The sections of the language definition (github.com/google/cel-spec, doc/langdef.md) in their order, each with its promises in
/// examples of ours. What a section promises about protocol buffers is out of scope.
@Suite("The sections of the language definition") struct SpecificationTests {
  private static let variables: [String: CELValue] = [
    "x": .int(7), "s": .string("text"), "n": .null, "l": .list([.int(3), .string("a"), .null]), "size": .int(1), "a.b": .int(5),
    "a": .map(CELMap(fields: [("b", .int(6)), ("c", .int(8))])),
    "m": .map(CELMap(fields: [("k", .int(1)), ("nothing", .null)])),
  ]

  private func holds(_ source: String) throws {
    let value = try evaluate(source, Self.variables)
    #expect(value == .bool(true), "\(source) is \(value)")
  }

  private func fails(_ source: String, _ codes: CELEvaluationError.Code...) {
    let error = #expect(throws: CELEvaluationError.self) { try evaluate(source, Self.variables) }
    guard let error else { return }
    #expect(codes.contains(error.code), "\(source): \(error)")
  }

  private func refuses(_ source: String) {
    #expect(throws: CELError.self, "\(source)") { try evaluate(source, Self.variables) }
  }

  @Test(
    "Syntax: precedence and associativity",
    arguments: [
      "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9", "10 - 4 - 3 == 3", "100 / 10 / 5 == 2", "17 % 10 % 4 == 3", "2 * 7 % 5 == 4", "!false && !!true", "-2 + 3 == 1",
      "- -x == 7", "1 < 2 == true", "2 > 1 == (1 < 2)", "true || false && false", "(true || false) && true", "false ? 1 == 2 : true ? true : false",
      "(true ? false : true) == false", "1 + 1 in [2]", "!(1 in [2])", "[1, 2][1] == 2", "{'a': [1]}.a[0] == 1", "-1 * -1 == 1",
    ])
  func syntax(_ source: String) throws { try holds(source) }

  @Test("Syntax: what must at least be possible") func repetitions() throws {
    try holds(Array(repeating: "x == 7", count: 32).joined(separator: " && "))
    try holds(Array(repeating: "x == 8", count: 32).joined(separator: " || ") + " || true")
    try holds("math.greatest(" + (0..<32).map(String.init).joined(separator: ", ") + ") == 31")
    try holds("[" + (0..<32).map(String.init).joined(separator: ", ") + "].size() == 32")
    try holds("{" + (0..<32).map { "'k\($0)': \($0)" }.joined(separator: ", ") + "}.size() == 32")
    try holds(String(repeating: "x == 8 ? false : ", count: 24) + "true")
    try holds(Array(repeating: "1", count: 25).joined(separator: " + ") + " == 25")
    try holds("dyn(true)" + String(repeating: " == true", count: 24))
    try holds(String(repeating: "int(", count: 12) + "x" + String(repeating: ")", count: 12) + " == 7")
    try holds(String(repeating: "{'a': ", count: 12) + "1" + String(repeating: "}", count: 12) + String(repeating: ".a", count: 12) + " == 1")
    try holds(String(repeating: "[", count: 12) + "1" + String(repeating: "]", count: 12) + String(repeating: "[0]", count: 12) + " == 1")
  }

  @Test(
    "Syntax: what is none",
    arguments: [
      "1 2", "x +", "* 2", "(", "[1, 2", "{'a'}", "a..b", "x ? 1", "x ? : 2", "'open", "\"open", "'''open''", "'a\nb'", "'\\s'", "'\\ud83d\\ude03'",
      "'\\UD83DDE03'",
      "'\\u12'", "'\\400'", "1.e2.3", "0xg", "1uu", "in", "true.x.null", "m.in", "as", "while == 1", "package.x", "for(x)", "[,]", "{,}", "f(,)", "x.(y)",
      "'a' b", "&x", "x & 1",
    ])
  func noSyntax(_ source: String) { refuses(source) }

  @Test(
    "Syntax: reserved words name fields, keywords do not",
    arguments: ["{'if': 1}.if == 1", "{'package': 2}.package == 2", "has({'while': 1}.while)", "!has({'a': 1}.var)"])
  func reserved(_ source: String) throws { try holds(source) }

  @Test(
    "Name resolution: the longest name, macros' variables first, a dot in front for the root",
    arguments: [
      "a.b == 5", "a.c == 8", "[1].exists(x, x == 1 && .x == 7)", "[1].all(x, [2].all(x, x == 2))", "[[1]].all(x, x.all(y, y == x[0]))", "size(l) > size",
      "[{'b': 1}].all(a, a.b == 1)", "[1].all(a, .a.b == 5)", "type(x) == int",
    ])
  func names(_ source: String) throws { try holds(source) }

  @Test(
    "Values: numbers",
    arguments: [
      "7 != 7.5", "7.0 == 7e0 && 7e0 == .700e1", "0x10 == 16 && -0x10 == -16 && 0xFFu == 255u", "9223372036854775807 > 0", "-9223372036854775808 < 0",
      "18446744073709551615u > 0u", "type(7) == int && type(7u) == uint && type(7.0) == double", "uint(1) + 1u == 2u", "1e3 == 1000.0", "0.1 + 0.2 != 0.3",
      "5.0 / 0.0 == double('inf')", "-0.0 == 0.0",
    ])
  func numbers(_ source: String) throws { try holds(source) }

  @Test(
    "Values: arithmetic does not mix types",
    arguments: ["1 + 1u", "1 + 1.0", "1.0 * 2", "2u - 1", "5.0 % 2.0", "1 / 2.0", "-1u", "'a' * 2", "[1] + 1", "true + true"])
  func mixed(_ source: String) {
    refuses(source)
    let untyped = source.replacing(#/[0-9.']+[a-z]*'?|\[1\]|true/#) { "dyn(\($0.output))" }
    fails(untyped, .noSuchOverload)
  }

  @Test(
    "Values: strings and bytes",
    arguments: [
      "'\"\"' == \"\\\"\\\"\"", "'''x''x''' == \"x''x\"", "r\"\\\\\" == '\\\\\\\\'", "b'abc' == b'\\x61\\x62\\x63'", "b'ÿ' == b'\\303\\277'",
      "'\\303\\277'.size() == 2", "'\\377' == 'ÿ'",
      "size(b'\\377') == 1", "'\\xFF' == 'ÿ'", "'\\u00ff' == '\\U000000FF'", "'\\a\\b\\f\\n\\r\\t\\v\\?\\`'.size() == 9",

      "'e\\u0301' != '\\u00e9'", "'e\\u0301'.size() == 2", "'\\U0001F92A'.size() == 1", "'''a\nb''' == 'a\\nb'",
      "size(bytes('é')) == 2",
    ])
  func strings(_ source: String) throws { try holds(source) }

  @Test(
    "Values: lists and maps",
    arguments: [
      "[1, 'a', null, [2.0], {'k': 1u}].size() == 5", "[] == []", "{1: 'i', 2u: 'u', true: 'b', 's': 's'}.size() == 4", "{1: 'i'}[1u] == 'i'",
      "{'a': 1,}.a == 1", "[1,][0] == 1",
      "{'a': {'b': []}}.a.b == []", "{1: 1, 2: 2} == {2: 2, 1: 1}", "[1, 2] != [2, 1]",
    ])
  func aggregates(_ source: String) throws { try holds(source) }

  @Test("Values: keys are ints, uints, bools and strings, and each is there once") func keys() {
    for source in ["{1.5: 1}", "{null: 1}", "{[1]: 1}", "{b'a': 1}"] { refuses(source) }
    fails("{dyn(1.5): 1}", .badArgument, .noSuchOverload)
    fails("{'a': 1, 'a': 1}", .duplicateKey)
    fails("{1: 1, 1u: 1}", .duplicateKey)
  }

  @Test(
    "Values: null and types",
    arguments: [
      "n == null", "null != 0 && null != '' && null != false", "type(null) == null_type", "type(1) == int && int != uint",
      "type(type(1)) == type && type(int) == type",
      "type([1]) == list && type([1]) == type(['a'])", "type({}) == map", "type(b'') == bytes", "type(timestamp(0)) == google.protobuf.Timestamp",
      "type(duration('1s')) == google.protobuf.Duration", "type(true) == bool && type(1.0) == double && type('') == string",
      "type(optional.none()) == optional_type",
      "type(dyn(1)) == int",
    ])
  func types(_ source: String) throws { try holds(source) }

  @Test("JSON data conversion") func json() throws {
    let json = try JSONValue(parsing: Array(#"{"a":[1,1.5,"x",true,null],"b":{"c":9007199254740993}}"#.utf8))
    let value = CELValue(json)
    #expect(value.json == json)
    #expect(try evaluate("v.a[0] == 1 && v.a[1] == 1.5 && v.a[4] == null && v.b.c == 9007199254740993 && type(v.b) == map", ["v": value]) == .bool(true))
    #expect(CELValue.bytes([0xFF, 0xEF]).json == "/+8=")
    #expect(CELValue.double(.nan).json == "NaN" && CELValue.double(-.infinity).json == "-Infinity")
    #expect(try evaluate("timestamp('2024-01-01T00:00:00.5Z')").json == "2024-01-01T00:00:00.5Z")
    #expect(try evaluate("duration('1m0.25s')").json == "60.25s")
    #expect(try evaluate("{1: 'a', true: 'b'}").json == ["1": "a", "true": "b"])
    #expect(CELValue.uint(.max).json == nil)
    #expect(try evaluate("{1: 'a', '1': 'b'}").json == nil)
  }

  @Test("Gradual type checking: what is known is checked, the rest when it is evaluated") func gradual() throws {
    refuses("1 + 'a'")
    fails("dyn(1) + 'a'", .noSuchOverload)
    fails("x + s", .noSuchOverload)
    try holds("dyn(1) + x == 8")
    // Checking only refuses; it never changes a value.
    let unchecked = CELEnvironment(variables: [:], isChecked: false)
    #expect(try CELExpression("true || 1 + 'a' == 2", in: unchecked, expecting: nil).evaluate([:] as [String: CELValue]) == .bool(true))
    #expect(throws: CELEvaluationError.self) { try CELExpression("1 + 'a'", in: unchecked, expecting: nil).evaluate([:] as [String: CELValue]) }
    #expect(throws: CELEvaluationError.self) { try CELExpression("nobody", in: unchecked, expecting: nil).evaluate([:] as [String: CELValue]) }
  }

  @Test("Evaluation: an error in a part is the error of the whole") func errors() {
    for source in ["[1 / 0]", "{'a': 1 / 0}", "{1 / 0: 'a'}", "size([1 / 0])", "1 / 0 == 1", "(1 / 0) in [1]", "[1][1 / 0]", "!(1 / 0 == 1)", "-(1 / 0) == 1"] {
      fails(source, .divisionByZero)
    }
    let unbound = CELEnvironment(variables: ["v": .dyn])
    let error = #expect(throws: CELEvaluationError.self) { try CELExpression("v == 1", in: unbound).evaluate([:] as [String: CELValue]) }
    #expect(error?.code == .noSuchVariable)
  }

  @Test("Logical operators: all pairs of true, false, an error and what is no bool") func logic() throws {
    // Of && and ||: nil is an error.
    let sides: [(source: String, value: Bool?)] = [("x == 7", true), ("x == 8", false), ("1 / (x - 7) == 1", nil), ("x", nil)]
    for left in sides {
      for right in sides {
        let both: Bool? = left.value == false || right.value == false ? false : left.value == true && right.value == true ? true : nil
        let any: Bool? = left.value == true || right.value == true ? true : left.value == false && right.value == false ? false : nil
        for (sign, wanted) in [("&&", both), ("||", any)] {
          let source = "\(left.source) \(sign) \(right.source)"
          let found = try? evaluate(source, Self.variables)
          #expect(found == wanted.map(CELValue.bool), "\(source)")
        }
      }
    }
    try holds("true ? true : 1 / 0 == 1")
    try holds("false ? 1 / 0 == 1 : true")
    fails("1 / 0 == 1 ? true : true", .divisionByZero)
    fails("x ? true : false", .noSuchOverload)
    fails("!x", .noSuchOverload)
  }

  @Test(
    "Macros absorb errors as their operators do, or not at all",
    arguments: [
      "[1, 0, 2].exists(i, 2 / i == 1)", "![0, 1].all(i, 1 / i == 2)", "[0, 3].exists(i, 3 / i == 1)", "[1, 2, 3].exists_one(i, i == 2)",
      "![1, 2, 2].exists_one(i, i == 2)",
      "{'one': 1, 'two': 2}.all(k, k.size() == 3)", "{'one': 1}.map(k, k) == ['one']", "{'one': 1, 'two': 2}.filter(k, k == 'one') == ['one']",
      "[1, 2, 3].map(i, i % 2 == 1, i * i) == [1, 9]",
      "[].all(i, 1 / 0 == 1)", "![].exists(i, 1 / 0 == 1)", "[].map(i, 1 / 0) == []", "[1, 2, 3].map(i, i * i).filter(i, i > 1).exists(i, i == 9)",
    ])
  func macros(_ source: String) throws { try holds(source) }

  @Test("Macros: errors that stay") func macroErrors() {
    for source in [
      "[1, 0].all(i, 1 / i == 1)", "[0].exists(i, 1 / i == 1)", "[1, 0].exists_one(i, 1 / i == 1)", "[0].map(i, 1 / i)", "[0].filter(i, 1 / i == 1)",
      "{0: 1}.map(k, 1 / k)",
    ] {
      fails(source, .divisionByZero)
    }
    for source in ["x.all(i, true)", "s.exists(i, true)", "n.map(i, i)", "l.all(i, 1)", "l.filter(i, 'a')"] where (try? evaluate(source, Self.variables)) != nil
    {
      Issue.record("\(source) has a value")
    }
  }

  @Test("Field selection") func selection() throws {
    for source in [
      "m.k == 1", "m.k == m['k']", "has(m.k)", "has(m.nothing)", "!has(m.missing)", "m.nothing == null", "{'a': {'b': 1}}.a.b == 1", "!has({'a': {}}.a.b)",
    ] { try holds(source) }
    fails("m.missing", .noSuchKey)
    fails("m['missing']", .noSuchKey)
    for source in ["x.field", "s.field", "l.field", "n.field", "has(x.field)", "has(n.field)"] { fails(source, .noSuchOverload) }
    fails("has(m.missing.field)", .noSuchKey)
    for source in ["has(x)", "has(m['k'])", "has('a')", "has(m.k, m.k)"] { refuses(source) }
  }
}
