import CEL
import JSON
import Testing

/// One line of a table: a source, and the source of the value that it must have.
private func expectEqual(_ source: String, _ wanted: String) throws {
  let value = try evaluate(source, variables)
  let other = try evaluate(wanted, variables)
  #expect(value == other, "\(source) is \(value), not \(other)")
}

private let variables: [String: CELValue] = [
  "x": .int(123), "d": .double(1.5), "s": .string("text"), "n": .null, "u": .uint(7),
  "m": .map(CELMap(fields: [("a", .int(1)), ("b", .list([.int(1), .string("two")])), ("none", .null)])), "l": .list([.int(1), .int(2), .int(3)]),
]

@Suite("The language, restated from its definition") struct LanguageTests {
  @Test(
    "Literals",
    arguments: [
      ("0x7f", "127"), ("-0x80", "-128"), ("0xFFu", "255u"), ("1e3", "1000.0"), (".5", "0.5"), ("-2.5e-1", "-0.25"), ("'a' 'b' == ''", ""),
      ("'\\x41\\u0042\\U00000043\\104'", "'ABCD'"), ("r'\\n'", "'\\\\n'"), ("'''a\n'b'\"\"\"'''", "'a\\n\\'b\\'\\\"\\\"\\\"'"),
      ("b'\\xff\\000a'", "b'\\377\\x00a'"), ("b'ÿ'", "b'\\303\\277'"), ("br'\\x'", "b'\\\\x'"), ("-9223372036854775808", "-9223372036854775807 - 1"),
      ("18446744073709551615u", "18446744073709551614u + 1u"), ("[1, 2,]", "[1, 2]"), ("{'a': 1,}", "{'a': 1}"), ("// note\n1", "1"),
    ].filter { !$0.1.isEmpty })
  func literals(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "Arithmetic",
    arguments: [
      ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("7 / 2", "3"), ("-7 / 2", "-3"), ("-7 % 3", "-1"), ("7 % -3", "1"), ("7u % 4u", "3u"), ("1 - 2 - 3", "-4"),
      ("2.5 * 2.0", "5.0"), ("1.0 / 0.0", "double('Infinity')"), ("-x", "-123"), ("--x", "123"), ("'a' + 'b'", "'ab'"), ("b'a' + b'b'", "b'ab'"),
      ("[1] + ['a']", "[1, 'a']"), ("x + 1", "124"), ("-(-5)", "5"), ("9223372036854775807 - 1 + 1", "9223372036854775807"),
    ])
  func arithmetic(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "Equality across types is about the value",
    arguments: [
      "1 == 1.0", "1u == 1", "1u == 1.0", "!('a' == 1)", "'a' != 1", "[1, 2] == [1.0, 2u]", "{'a': 1} == {'a': 1.0}", "{1: 'x'} == {1u: 'x'}", "null == null",
      "!(null == false)", "!([] == {})", "[1, 'a'] != [1, 'b']", "1 != 2", "double('NaN') != double('NaN')", "b'a' == b'a'", "!('a' == b'a')", "n == null",
      "!(9007199254740993 == 9007199254740992.0)", "'é' != 'e\\u0301'", "type(1) == int", "type(null) == null_type", "type([]) == list",
      "type(type(1)) == type",
    ])
  func equality(_ source: String) throws { #expect(try evaluate(source, variables) == .bool(true)) }

  @Test(
    "Order",
    arguments: [
      "1 < 2", "1 < 1.5", "2u > 1", "-1 < 0u", "1.5 <= 1.5", "!(1 < double('NaN'))", "!(1 >= double('NaN'))", "'a' < 'b'", "'Z' < 'a'", "'a' < 'ab'",
      "'\\uffff' < '\\U0001F600'", "b'\\x01' < b'\\x02'", "false < true", "9223372036854775807 < 9223372036854775808.0",
      "-9223372036854775808 >= -9223372036854775808.0",
      "18446744073709551615u > 9223372036854775807", "timestamp('2024-01-01T00:00:00Z') < timestamp('2024-01-01T00:00:00.001Z')",
      "duration('1m') > duration('59s')",
      "9007199254740993 > 9007199254740992.0",
    ])
  func order(_ source: String) throws { #expect(try evaluate(source, variables) == .bool(true)) }

  @Test(
    "Logic absorbs faults",
    arguments: [
      ("false && 1 / 0 > 0", "false"), ("1 / 0 > 0 && false", "false"), ("true || 1 / 0 > 0", "true"), ("1 / 0 > 0 || true", "true"),
      ("m.missing == 1 || x == 123", "true"), ("m.missing == 1 && x == 0", "false"), ("true ? 1 : 1 / 0", "1"), ("false ? 1 / 0 : 2", "2"),
      ("[1, 0].exists(i, 4 / i == 4)", "true"), ("[0, 1].exists(i, 4 / i == 4)", "true"), ("[0, 2].all(i, 4 / i == 4)", "false"), ("s || true", "true"),
      ("false && s", "false"),
    ])
  func logic(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "Faults that nothing absorbs",
    arguments: [
      ("1 / 0 > 0 && true", .divisionByZero), ("1 / 0 > 0 || false", .divisionByZero), ("true && m.missing", .noSuchKey), ("s && true", .noSuchOverload),
      ("1 % 0", .modulusByZero), ("1u / 0u", .divisionByZero), ("9223372036854775807 + 1", .overflow), ("-9223372036854775808 - 1", .overflow),
      ("-9223372036854775808 / -1", .overflow), ("-9223372036854775808 % -1", .overflow), ("-(-9223372036854775808)", .overflow), ("0u - 1u", .overflow),
      ("9223372036854775807 * 2", .overflow), ("x + d", .noSuchOverload), ("x + s", .noSuchOverload), ("x < s", .noSuchOverload), ("s.field", .noSuchOverload),
      ("m.missing", .noSuchKey), ("m['missing']", .noSuchKey), ("l[3]", .indexOutOfRange), ("l[-1]", .indexOutOfRange), ("l['a']", .noSuchOverload),
      ("m.b.all(i, i > 0)", .noSuchOverload), ("[1, 2].exists_one(i, 1 / (i - 1) == 1)", .divisionByZero), ("has(m.missing.deep)", .noSuchKey),
      ("{'a': 1, 'a': 2}", .duplicateKey), ("{1: 1, 1u: 2}", .duplicateKey), ("int('x')", .badConversion), ("int(1e30)", .overflow), ("uint(-1)", .overflow),
      ("bool('yes')", .badConversion), ("timestamp('2024-02-30T00:00:00Z')", .badConversion), ("duration('1 hour')", .badConversion),
      ("string(b'\\xff')", .badConversion),
      ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", .overflow), ("'abc'.substring(2, 1)", .indexOutOfRange), ("n.field", .noSuchOverload),
      ("[1].map(i, x.size())", .noSuchOverload),
    ] as [(String, CELEvaluationError.Code)])
  func faults(_ source: String, _ wanted: CELEvaluationError.Code) throws {
    let error = #expect(throws: CELEvaluationError.self) { try evaluate(source, variables) }
    #expect(error?.code == wanted, "\(source): \(error.map(String.init(describing:)) ?? "")")
  }

  @Test(
    "Fields, indexes and membership",
    arguments: [
      ("m.a", "1"), ("m['b'][1]", "'two'"), ("m.b[0]", "1"), ("l[2]", "3"), ("l[1u]", "2"), ("l[dyn(1.0)]", "2"), ("{1: 'a'}[1u]", "'a'"),
      ("{2u: 'a'}[dyn(2.0)]", "'a'"),
      ("has(m.a)", "true"), ("has(m.none)", "true"), ("has(m.zzz)", "false"), ("2 in l", "true"), ("2.0 in l", "true"), ("'2' in l", "false"),
      ("'a' in m", "true"),
      ("'z' in m", "false"), ("x in [1, 123]", "true"), ("s in ['a', 'text']", "true"), ("1 in {1u: 0}", "true"), ("{'if': 1}.if", "1"),
      ("{'a-b': 1}.`a-b`", "1"),
      ("{'a': {'b': 2}}.a.b", "2"), ("[[1, 2], [3]][0][1]", "2"),
    ])
  func fields(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "Macros",
    arguments: [
      ("l.all(i, i > 0)", "true"), ("l.exists(i, i == 2)", "true"), ("l.exists_one(i, i > 2)", "true"), ("l.exists_one(i, i > 1)", "false"),
      ("[].all(i, false)", "true"),
      ("[].exists(i, true)", "false"), ("l.map(i, i * 2)", "[2, 4, 6]"), ("l.map(i, i > 1, i * 2)", "[4, 6]"), ("l.filter(i, i % 2 == 1)", "[1, 3]"),
      ("m.all(k, k != 'z')", "true"), ("{'a': 1, 'b': 2}.map(k, k)", "['a', 'b']"), ("{'a': 1}.filter(k, true)", "['a']"),
      ("l.map(i, l.map(j, i * j))", "[[1, 2, 3], [2, 4, 6], [3, 6, 9]]"), ("l.map(x, x)", "[1, 2, 3]"), ("[1].map(x, .x)", "[123]"),
      ("l.exists(i, v, i == 0 && v == 1)", "true"), ("l.transformList(i, v, i + v)", "[1, 3, 5]"), ("{'a': 1}.transformMap(k, v, v + 1)", "{'a': 2}"),
      ("l.transformMap(i, v, v > 1, v)", "{1: 2, 2: 3}"), ("{'a': 'b'}.transformMapEntry(k, v, {v: k})", "{'b': 'a'}"), ("cel.bind(t, x + 1, t + t)", "248"),
    ])
  func macros(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "Conversions",
    arguments: [
      ("int(3.99)", "3"), ("int(-3.99)", "-3"), ("int('-42')", "-42"), ("int(7u)", "7"), ("uint(7)", "7u"), ("uint('7')", "7u"), ("double('1e3')", "1000.0"),
      ("double(3)", "3.0"),
      ("string(1)", "'1'"), ("string(1u)", "'1'"), ("string(1.5)", "'1.5'"), ("string(true)", "'true'"), ("string(b'abc')", "'abc'"),
      ("bytes('é')", "b'\\303\\251'"),
      ("bool('true')", "true"), ("bool('0')", "false"), ("string(timestamp('2024-02-29T12:00:00+02:00'))", "'2024-02-29T10:00:00Z'"),
      ("int(timestamp('1970-01-01T00:01:00Z'))", "60"), ("timestamp(60)", "timestamp('1970-01-01T00:01:00Z')"), ("string(duration('1h30m'))", "'5400s'"),
      ("string(duration('-1500ms'))", "'-1.5s'"), ("duration('1m') + duration('1s')", "duration('61s')"),
      ("timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-29T00:00:00Z')", "duration('24h')"),
      ("timestamp('2024-02-28T00:00:00Z') + duration('24h')", "timestamp('2024-02-29T00:00:00Z')"),
      ("timestamp('0001-01-01T00:00:00Z') == timestamp(-62135596800)", "true"), ("int('9223372036854775807')", "9223372036854775807"), ("dyn(1)", "1"),
    ])
  func conversions(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "Strings",
    arguments: [
      ("size('héllo')", "5"), ("'😀'.size()", "1"), ("size(b'é')", "2"), ("size(l)", "3"), ("m.size()", "3"), ("'hello'.contains('ell')", "true"),
      ("'hello'.contains('')", "true"),
      ("'hello'.startsWith('he')", "true"), ("'hello'.endsWith('lo')", "true"), ("'a'.endsWith('ba')", "false"), ("'ÀbC'.lowerAscii()", "'Àbc'"),
      ("'Àbc'.upperAscii()", "'ÀBC'"),
      ("'\\u2003 a b\\n'.trim()", "'a b'"), ("'tacocat'.charAt(3)", "'o'"), ("'abc'.charAt(3)", "''"), ("'tacocat'.indexOf('ac')", "1"),
      ("'tacocat'.indexOf('a', 3)", "5"),
      ("'tacocat'.indexOf('x')", "-1"), ("'tacocat'.lastIndexOf('a')", "5"), ("'tacocat'.lastIndexOf('a', 3)", "1"), ("'tacocat'.substring(4)", "'cat'"),
      ("'tacocat'.substring(0, 4)", "'taco'"),
      ("'a😀b'.substring(1, 2)", "'😀'"), ("'aXbX'.replace('X', '-')", "'a-b-'"), ("'aXbX'.replace('X', '-', 1)", "'a-bX'"), ("'ab'.replace('', '-')", "'-a-b-'"),
      ("'a,b,c'.split(',')", "['a', 'b', 'c']"), ("'a,b,c'.split(',', 2)", "['a', 'b,c']"), ("'abc'.split('')", "['a', 'b', 'c']"),
      ("['a', 'b'].join('-')", "'a-b'"), ("['a', 'b'].join()", "'ab'"),
      ("'abc'.reverse()", "'cba'"), ("('a' + 'b').size()", "2"),
    ])
  func strings(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }
}
