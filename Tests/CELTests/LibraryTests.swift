import CEL
import Testing

@Suite("The function libraries") struct LibraryTests {
  private func expectEqual(_ source: String, _ wanted: String) throws {
    let value = try evaluate(source)
    let other = try evaluate(wanted)
    #expect(value == other, "\(source) is \(value), not \(other)")
  }

  @Test(
    "Parts of times",
    arguments: [
      ("timestamp('2024-02-29T23:59:58.123Z').getFullYear()", "2024"), ("timestamp('2024-02-29T23:59:58.123Z').getMonth()", "1"),
      ("timestamp('2024-02-29T23:59:58.123Z').getDate()", "29"),
      ("timestamp('2024-02-29T23:59:58.123Z').getDayOfMonth()", "28"), ("timestamp('2024-02-29T23:59:58.123Z').getDayOfWeek()", "4"),
      ("timestamp('2024-12-31T00:00:00Z').getDayOfYear()", "365"),
      ("timestamp('2024-02-29T23:59:58.123Z').getHours()", "23"), ("timestamp('2024-02-29T23:59:58.123Z').getMinutes()", "59"),
      ("timestamp('2024-02-29T23:59:58.123Z').getSeconds()", "58"),
      ("timestamp('2024-02-29T23:59:58.123Z').getMilliseconds()", "123"), ("timestamp('2024-02-29T23:59:58Z').getHours('+02:30')", "2"),
      ("timestamp('2024-02-29T23:59:58Z').getDate('02:00')", "1"),
      ("timestamp('2024-01-15T12:00:00Z').getHours('Europe/Berlin')", "13"), ("timestamp('2024-07-15T12:00:00Z').getHours('Europe/Berlin')", "14"),
      ("timestamp('2024-03-31T00:59:59Z').getHours('Europe/Berlin')", "1"), ("timestamp('2024-03-31T01:00:00Z').getHours('Europe/Berlin')", "3"),
      ("timestamp('2080-07-15T12:00:00Z').getHours('America/New_York')", "8"), ("timestamp('2080-01-15T12:00:00Z').getHours('America/New_York')", "7"),
      ("timestamp('2080-01-15T12:00:00Z').getHours('Australia/Sydney')", "23"), ("timestamp('2080-07-15T12:00:00Z').getHours('Australia/Sydney')", "22"),
      ("timestamp('2024-01-15T12:00:00Z').getMinutes('Asia/Kathmandu')", "45"), ("timestamp('0001-01-01T00:00:00Z').getDayOfWeek()", "1"),
      ("timestamp('1969-12-31T23:59:59Z').getSeconds()", "59"),
      ("duration('1h1m1.5s').getHours()", "1"), ("duration('1h1m1.5s').getMinutes()", "61"), ("duration('1h1m1.5s').getSeconds()", "3661"),
      ("duration('1h1m1.5s').getMilliseconds()", "500"),
    ])
  func times(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "A time zone that is none is a fault, and no way to other files",
    arguments: ["Mars/Olympus", "../../../etc/passwd", "/etc/passwd", "", "Europe/../Europe/Berlin", "+1:00", "Europe", "posixrules\u{0}"])
  func noTimeZone(_ name: String) {
    let error = #expect(throws: CELEvaluationError.self) { try evaluate("timestamp(0).getHours(zone)", ["zone": .string(name)]) }
    #expect(error?.code == .badArgument)
  }

  @Test("The days of two centuries have their dates") func calendar() throws {
    let expression = try CELExpression("string(timestamp(day * 86400))", in: CELEnvironment(variables: ["day": .int]), expecting: .string)
    var (year, month, day) = (1900, 1, 1)
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    for number in Int64(-25567)..<Int64(-25567 + 36_524 * 2) {
      let text = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)T00:00:00Z"
      if day == 1 || day >= 28 { try #require(try expression.evaluate(["day": CELValue.int(number)]) == .string(text)) }
      day += 1
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      if day > lengths[month - 1] + (month == 2 && isLeap ? 1 : 0) {
        (month, day) = (month + 1, 1)
        if month > 12 { (year, month) = (year + 1, 1) }
      }
    }
  }

  @Test(
    "Numbers",
    arguments: [
      ("math.greatest(1, 3, 2)", "3"), ("math.least([2.5, 1, 3u])", "1"), ("math.greatest(1, 1.5)", "1.5"), ("math.ceil(1.2)", "2.0"),
      ("math.floor(-1.2)", "-2.0"), ("math.round(2.5)", "3.0"),
      ("math.trunc(-1.7)", "-1.0"), ("math.abs(-3)", "3"), ("math.sign(-2.5)", "-1.0"), ("math.sqrt(81)", "9.0"), ("math.isNaN(0.0 / 0.0)", "true"),
      ("math.isInf(1.0 / 0.0)", "true"),
      ("math.isFinite(1.0)", "true"), ("math.bitAnd(6, 3)", "2"), ("math.bitOr(6u, 1u)", "7u"), ("math.bitXor(6, 3)", "5"),
      ("math.bitNot(0u)", "18446744073709551615u"), ("math.bitShiftLeft(1, 4)", "16"),
      ("math.bitShiftRight(-1, 63)", "1"), ("math.bitShiftLeft(1, 64)", "0"),
    ])
  func numbers(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "Lists and sets",
    arguments: [
      ("[1, 2, 3, 4].slice(1, 3)", "[2, 3]"), ("[1, [2, [3]]].flatten()", "[1, 2, [3]]"), ("[1, [2, [3]]].flatten(2)", "[1, 2, 3]"),
      ("[1, 1.0, 2u, 2, 'a'].distinct()", "[1, 2u, 'a']"),
      ("[3, 1.5, 2u].sort()", "[1.5, 2u, 3]"), ("['b', 'a'].sort()", "['a', 'b']"), ("['ccc', 'a', 'bb', 'x'].sortBy(s, s.size())", "['a', 'x', 'bb', 'ccc']"),
      ("lists.range(3)", "[0, 1, 2]"),
      ("lists.range(-1)", "[]"), ("[1, 2].first().value()", "1"), ("[].last().orValue(9)", "9"), ("sets.contains([1, 2, 3], [2.0, 1u])", "true"),
      ("sets.contains([1], [2])", "false"),
      ("sets.equivalent([1, 2, 2], [2, 1])", "true"), ("sets.intersects([1, 2], [2, 3])", "true"), ("sets.intersects([], [1])", "false"),
    ])
  func lists(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "Optionals",
    arguments: [
      ("optional.of(1).value()", "1"), ("optional.none().hasValue()", "false"), ("{'a': 1}.?a.orValue(0)", "1"), ("{}.?a.orValue(0)", "0"),
      ("{'a': {'b': 2}}.?a.?b.value()", "2"), ("{}.?a.b.orValue(3)", "3"),
      ("[1][?5].orValue(7)", "7"), ("[1][?0].value()", "1"), ("{}.?a.or(optional.of(4)).value()", "4"), ("optional.of(1).or(optional.of(1 / 0)).value()", "1"),
      ("optional.of(2).optMap(x, x * 2).value()", "4"),
      ("optional.none().optMap(x, x * 2).hasValue()", "false"), ("optional.of(2).optFlatMap(x, optional.none()).hasValue()", "false"),
      ("[?{}.?a, ?optional.of(1)]", "[1]"), ("{?'a': optional.none(), 'b': 1}", "{'b': 1}"),
      ("optional.ofNonZeroValue('').hasValue()", "false"),
    ])
  func optionals(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "Encoders and formats",
    arguments: [
      ("base64.encode(b'hello')", "'aGVsbG8='"), ("base64.decode('aGVsbG8')", "b'hello'"), ("base64.encode(b'')", "''"),
      ("base64.decode('/+8=')", "b'\\xff\\xef'"), ("strings.quote('a\"b\\n')", "'\"a\\\\\"b\\\\n\"'"),
      ("'%s has %d%%'.format(['x', 5])", "'x has 5%'"), ("'%.2f|%e'.format([3.14159, 1234.5])", "'3.14|1.234500e+03'"),
      ("'%x %X %b %o'.format([255, 'Az', 5, 8])", "'ff 417A 101 10'"),
      ("'%s'.format([[1, 'a', {'k': null}]])", "'[1, a, {k: null}]'"), ("'%.0f'.format([2.5])", "'2'"),
    ])
  func encoders(_ source: String, _ wanted: String) throws { try expectEqual(source, wanted) }

  @Test(
    "Arguments that are refused when they come",
    arguments: [
      "math.greatest([])", "math.greatest([1, 'a'])", "math.bitShiftLeft(1, -1)", "math.abs(-9223372036854775808)", "[1].slice(0, 2)", "[1].slice(-1, 0)",
      "[1, 'a'].sort()", "optional.none().value()",
      "base64.decode('a')", "base64.decode('a*==')", "'%d'.format([])", "'%d'.format(['a'])", "'%q'.format([1])", "'%.999f'.format([1.0])", "'%'.format([1])",
      "[1].flatten(-1)",
    ])
  func faults(_ source: String) {
    #expect(throws: CELEvaluationError.self) { try evaluate("\(source) != null") }
  }
}

@Suite("Regular expressions") struct RegexTests {
  @Test(
    "What is found",
    arguments: [
      ("hubba", "ubb"), ("", ""), ("abc", ""), ("abc", "^abc$"), ("grey", "gr(a|e)y"), ("banana", "ba(na)*$"), ("aaa", "^a{3}$"), ("aaaa", "^a{2,}$"),
      ("ab", "^a{0,1}b$"), ("a{,3}", "^a{,3}$"), ("x\ny", "x.y|x\\ny"),
      ("x\ny", "(?s)x.y"), ("a\nb", "(?m)^b$"), ("HeLLo", "(?i)hello"), ("ÄÖ", "(?i)^äö$"), ("Hello", "(?i:h)ello"), ("foo.bar", "foo\\.bar"),
      ("foo bar", "\\bbar\\b"), ("foobar", "\\Bbar"), ("a1_", "^\\w+$"), ("mañana", "a+ñ+a+"),
      ("😀😀", "^😀{2}$"), ("x-y", "[-x]-[y-]"), ("]", "[]]"), ("^", "[\\^]"), ("é", "\\pL"), ("É", "^\\p{Lu}$"), ("5", "[[:digit:]]"), ("a", "[^[:^alpha:]]"),
      ("\t", "\\s"), ("é", "\\x{e9}"), ("A", "\\x41"), ("a+b", "\\Qa+b\\E"),
      ("key=value", "^(?P<key>\\w+)=(?P<value>\\w+)$"), ("2024-02-29", "^\\d{4}-\\d\\d-\\d\\d$"), ("me@example.org", "^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$"),
      ("aaaa", "^(a*)*$"), ("k", "(?i)^\u{212A}$"), ("\u{212A}", "(?i)^k$"), ("s", "(?i)^[\u{17F}]$"), ("abbb", "^\\Qab\\E*$"), ("a", "^\\Q\\Ea$"),
      ("\u{378}", "^\\PC$"), ("\u{378}", "^\\p{Any}$"), ("x", "^\\p{^Lu}$"), ("a.b", "^[\\w.]+$"), ("αβγ", "^[α-ω]+$"), ("ab", "(?U)^a+b+$"),
      ("A\nb", "(?im)^B$"), ("]", "^[^\\[]$"), ("a-", "^[\\w-]+$"), ("\u{7}\u{C}\u{B}", "^\\a\\f\\v$"), ("S", "^\\123$"), ("é", "^[^\\x00-\\x7F]$"),
      ("aaaa", "^(a*)*$"), ("ab", "(|a)b"), ("", "^(a|b|)*$"), ("a", "a??"), ("\n", "^\\n\\z"),
    ])
  func found(_ text: String, _ pattern: String) throws { #expect(try matches(text, pattern)) }

  @Test(
    "What is not",
    arguments: [
      ("", "foo|bar"), ("abc", "^b"), ("x\ny", "x.y"), ("a\nb", "^b$"), ("hello", "(?i:H)ELLO"), ("aa", "^a{3}$"), ("foobar", "\\bbar"), ("é", "\\w"),
      ("é", "^[[:alpha:]]$"), ("abc\n", "abc$"), ("a", "[^a]"), ("A", "[^a-z]{2}"),
      ("b", "(?i)[^B]"), ("5", "\\D"), ("e\u{301}", "^é$"),
    ])
  func notFound(_ text: String, _ pattern: String) throws { #expect(try !matches(text, pattern)) }

  @Test(
    "A pattern that is none is refused when the expression is checked",
    arguments: [
      "(", ")", "[", "a**", "*a", "a{2,1}", "a{1001}", "\\", "\\q", "\\1", "(?=a)", "(?<!a)", "(?z)", "[z-a]", "[[:nope:]]", "\\p{Greek}", "\\p{Cn}",
      "(?<a>x)(?<a>y)", "(?P=a)", "(?!a)", "(?>a)", "a{2}{3}", "\\C", "\\Z", "\\8", "x{1001,}", "[a-\\d]", "[[:alpha:]", "\\x{110000}",
      "\\xZZ", "((a{1000}){1000}){1000}", String(repeating: "(", count: 200),
    ])
  func refused(_ pattern: String) {
    let environment = CELEnvironment(variables: ["s": .string])
    #expect(throws: CELError.self) { try CELExpression("s.matches(r\"\(pattern)\")", in: environment) }
    let error = #expect(throws: CELEvaluationError.self) { try matches("a", pattern) }
    #expect(error?.code == .badArgument)
  }

  @Test("What RE2 has and Roost has not is refused with what to write instead") func scripts() {
    let error = #expect(throws: CELError.self) { try CELExpression("s.matches(r'^\\p{Greek}+$')", in: CELEnvironment(variables: ["s": .string])) }
    #expect(
      error?.message == "the regular expression has '\\p{Greek}', which is no general category such as \\p{L} or \\p{Nd}; "
        + "for a script, write its range, such as [Α-Ωα-ω]")
  }

  @Test(
    "Patterns that take exponential time elsewhere are linear here",
    arguments: ["(a*)*b", "(a|aa)+$b", "(a|a)*b", "^(a?){50}a{50}b", "(.*)(.*)(.*)(.*)(.*)[^a]"])
  func linear(_ pattern: String) {
    let text = String(repeating: "a", count: 5000)
    let clock = ContinuousClock()
    let time = clock.measure { _ = try? matches(text, pattern) }
    #expect(time < .seconds(10))
  }

  /// With the pattern as a variable, and as a constant if that is possible.
  private func matches(_ text: String, _ pattern: String) throws -> Bool {
    let value = try evaluate("s.matches(p)", ["s": .string(text), "p": .string(pattern)])
    if !pattern.contains("\"") && !pattern.contains("\n") {
      let constant = try evaluate("s.matches(r\"\(pattern)\")", ["s": .string(text)])
      #expect(constant == value)
    }
    return value == .bool(true)
  }
}
