import CEL
import Testing

/// The section "Standard Definitions" of the language definition, in examples of ours.
@Suite("The standard definitions of the language") struct StandardDefinitionTests {
  private func holds(_ source: String) throws {
    let value = try evaluate(source)
    #expect(value == .bool(true), "\(source) is \(value)")
  }

  private func fails(_ source: String, _ code: CELEvaluationError.Code) {
    let error = #expect(throws: CELEvaluationError.self) { try evaluate(source) }
    #expect(error?.code == code, "\(source): \(error.map { "\($0)" } ?? "")")
  }

  @Test(
    "Equality is an equivalence but for NaN, and goes by the number, not by its type",
    arguments: [
      "1 == 1u && 1u == 1.0 && 1 == 1.0", "dyn(1) != dyn('1')", "dyn(null) != dyn(0)", "dyn([]) != dyn({})", "[1, [2u, {'a': 3.0}]] == [1.0, [2, {'a': 3u}]]",
      "{1: 'a'} == {1u: 'a'}",
      "{'a': 1} != {'a': 1, 'b': 2}", "[1] != [1, 1]", "dyn(b'a') != dyn('a')", "timestamp('2024-01-01T01:00:00+01:00') == timestamp('2024-01-01T00:00:00Z')",
      "duration('60s') == duration('1m')", "double('NaN') != double('NaN')", "[double('NaN')] != [double('NaN')]", "-0.0 == 0.0",
      "dyn(9007199254740993) != dyn(9007199254740992.0)",
      "dyn(-1) != dyn(18446744073709551615u)", "dyn(1.5) != dyn(1)", "type(1) == int && dyn(type(1)) != dyn('int')", "optional.of(1) == optional.of(1.0)",
      "optional.none() == optional.none()",
    ])
  func equality(_ source: String) throws { try holds(source) }

  @Test(
    "Ordering",
    arguments: [
      "false < true && !(true < false) && false <= false", "-1 < 0 && 0u < 1u && -0.5 < 0.5", "dyn(-1) < dyn(0u) && dyn(1.5) > dyn(1) && dyn(2u) >= dyn(2.0)",
      "'' < 'a' && 'a' < 'b' && 'Z' < 'a' && 'z' < 'é'",
      "b'' < b'\\x00' && b'\\x7f' < b'\\x80'", "timestamp(1) > timestamp(0) && timestamp(1) <= timestamp(1)",
      "duration('-1s') < duration('0') && duration('999ms') < duration('1s')",
      "double('-inf') < -1e308 && double('inf') > 1e308", "!(double('NaN') < 1.0) && !(double('NaN') >= 1.0) && !(1.0 <= double('NaN'))",
      "!(dyn(18446744073709551615u) <= dyn(9223372036854775807))",
    ])
  func ordering(_ source: String) throws { try holds(source) }

  @Test("Ordering: no such thing between and within other types") func noOrdering() {
    for source in [
      "dyn(1) < dyn('a')", "dyn([1]) < dyn([2])", "dyn({}) < dyn({})", "dyn(null) < dyn(null)", "dyn(null) < dyn(1)", "dyn(int) < dyn(uint)",
      "dyn(true) < dyn(1)",
    ] {
      fails(source, .noSuchOverload)
    }
  }

  @Test(
    "Overflow is an error for integers and times, and infinity for doubles",
    arguments: [
      "9223372036854775807 + 1", "-9223372036854775808 + -1", "-9223372036854775808 - 1", "9223372036854775807 - -1", "9223372036854775807 * 2",
      "-9223372036854775808 * -1",
      "-9223372036854775808 / -1", "-9223372036854775808 % -1", "-(-9223372036854775808)", "18446744073709551615u + 1u", "0u - 1u", "9223372036854775808u * 2u",
      "uint(-1)", "uint(-0.5 - 1.0)",
      "int(18446744073709551615u)", "int(9223372036854775808.0)", "int(double('inf'))", "int(double('NaN'))", "uint(18446744073709551616.0)",
      "timestamp('9999-12-31T23:59:59Z') + duration('1s')",
      "timestamp('0001-01-01T00:00:00Z') - duration('1ns')", "duration('9000000000s') + duration('9000000000s')",
    ])
  func overflow(_ source: String) { fails(source, .overflow) }

  @Test("Overflow: doubles go to infinity, and division by zero is theirs alone") func infinity() throws {
    try holds("1e308 * 10.0 == double('inf') && -1e308 * 10.0 == double('-inf') && 1.0 / 0.0 == double('inf')")
    fails("1 / 0", .divisionByZero)
    fails("1u / 0u", .divisionByZero)
    fails("1 % 0", .modulusByZero)
    fails("1u % 0u", .modulusByZero)
  }

  @Test(
    "Time zones by name, by offset, and UTC without one",
    arguments: [
      "timestamp('2024-07-01T00:30:00Z').getHours('America/New_York') == 20", "timestamp('2024-07-01T00:30:00Z').getDate('America/New_York') == 30",
      "timestamp('2024-07-01T00:30:00Z').getMonth('America/New_York') == 5", "timestamp('2024-01-01T00:00:00Z').getFullYear('-00:01') == 2023",
      "timestamp('2024-01-01T00:00:00Z').getDayOfYear('-08:00') == 364", "timestamp('2024-01-01T00:00:00Z').getDayOfWeek('+00:00') == 1",
      "timestamp('2024-01-01T00:00:00Z').getMinutes('Asia/Kolkata') == 30", "timestamp('2024-01-01T00:00:07.089Z').getSeconds('UTC') == 7",
      "timestamp('2024-01-01T00:00:07.089Z').getMilliseconds('UTC') == 89",
      "timestamp('2024-01-01T00:00:00Z').getHours() == timestamp('2024-01-01T00:00:00Z').getHours('UTC')",
      "timestamp('2024-01-01T00:00:00Z').getDayOfMonth('Europe/Berlin') == 0",
    ])
  func timeZones(_ source: String) throws { try holds(source) }

  @Test(
    "Conversions: each way that there is",
    arguments: [
      "int(1) == 1 && int(1u) == 1 && int(-1.9) == -1 && int('-5') == -5 && int(timestamp('1970-01-01T00:00:09Z')) == 9",
      "uint(1u) == 1u && uint(1) == 1u && uint(1.9) == 1u && uint('5') == 5u",
      "double(1.5) == 1.5 && double(1) == 1.0 && double(1u) == 1.0 && double('1.5') == 1.5 && double('-Infinity') < 0.0",
      "bool(true) && bool('true') && bool('TRUE') && bool('1') && bool('t') && !bool('False') && !bool('f')",
      "string('a') == 'a' && string(true) == 'true' && string(-1) == '-1' && string(1.5) == '1.5' && string(b'\\xf0\\x9f\\xa4\\xaa') == '🤪'",
      "bytes('🤪') == b'\\xF0\\x9F\\xA4\\xAA' && bytes(b'a') == b'a'",
      "string(timestamp('2024-01-01T01:00:00.120+01:00')) == '2024-01-01T00:00:00.12Z'",
      "string(duration('1m1ms')) == '60.001s' && string(duration('0')) == '0s' && string(duration('-1.5h')) == '-5400s'",
      "duration('1h34us') == duration('3600.000034s') && duration('-23.4s') < duration('0')",
      "duration('1ns') + duration('1us') + duration('1ms') == duration('1001001ns')",
      "timestamp(timestamp(0)) == timestamp(0) && duration(duration('1s')) == duration('1s')",
      "timestamp('2023-08-26T12:39:00-07:00') == timestamp('2023-08-26T19:39:00Z')", "dyn([1]) == [1] && type(dyn('a')) == string",
    ])
  func conversions(_ source: String) throws { try holds(source) }

  @Test("Conversions: texts that are none") func badConversions() {
    for source in [
      "int('1.5')", "int('')", "int(' 1')", "int('0x10')", "uint('-1')", "double('one')", "bool('yes')", "bool('tRuE')",
      "string(b'\\xc3\\x28')",
      "timestamp('2024-01-01')", "timestamp('2024-13-01T00:00:00Z')",
      "timestamp('2023-02-29T00:00:00Z')", "timestamp('2024-01-01T24:00:00Z')", "duration('1')", "duration('1d')", "duration('h')",
      "duration('')",
    ] { fails(source, .badConversion) }
  }

  @Test("Every function of the standard environment is there, as a function or as a method") func standardEnvironment() throws {
    let methods = ["contains('a')", "startsWith('a')", "endsWith('a')", "matches('a')"]
    for method in methods { try holds("'a'.\(method)") }
    try holds("matches('foobar', 'foo.*') && size('ab') == 2 && 'ab'.size() == 2 && size(b'a') == 1 && b'a'.size() == 1")
    try holds("size([1]) == 1 && [1].size() == 1 && size({1: 2}) == 1 && {1: 2}.size() == 1")
    try holds("2 in [1, 2] && !('a' in ['b']) && 'k' in {'k': 1} && !(3 in {1: 1}) && dyn(1.0) in {1: 1}")
    for (method, wanted) in [
      ("getFullYear", 2023), ("getMonth", 11), ("getDate", 25), ("getDayOfMonth", 24), ("getDayOfWeek", 1), ("getDayOfYear", 358), ("getHours", 12),
      ("getMinutes", 30), ("getSeconds", 15), ("getMilliseconds", 500),
    ] { try holds("timestamp('2023-12-25T12:30:15.5Z').\(method)() == \(wanted)") }
    try holds(
      "duration('90m').getHours() == 1 && duration('90m').getMinutes() == 90 && duration('90m').getSeconds() == 5400 && duration('1.234s').getMilliseconds() == 234"
    )
  }

  @Test("Performance: the size of an expression and the cost of its evaluation are bounded") func performance() {
    let nested = (0..<40).reduce("true") { body, level in "[0, 1].all(x\(level), \(body))" }
    // Lists that hold the same lists again are cheap to make, and as large as they look for whoever goes through them.
    let doubled = "['foo', 'bar']" + String(repeating: ".map(x, [x + x, x + x])", count: 30)
    #expect(throws: Never.self) { try evaluate(doubled) }
    #expect((try? evaluate(doubled))?.json == nil)
    for source in [nested, "'%s'.format([\(doubled)])", "\(doubled) == \(doubled)", "[\(doubled), \(doubled)].distinct()", "\(doubled).flatten(40)"] {
      let clock = ContinuousClock()
      var failure: (any Error)?
      let time = clock.measure { do { _ = try evaluate(source) } catch { failure = error } }
      #expect(failure != nil && time < .seconds(10), "\(source.prefix(40))… \(time)")
    }
  }
}
