import Testing

@testable import JSON

/// ECMA-262's syntax where it is not RE2's.
@Suite("Patterns of a schema") struct SchemaPatternTests {
  static let rows: [(pattern: String, found: [String], notFound: [String])] = [
    ("b", ["abc"], ["ac", ""]),
    ("^a$", ["a"], ["a\n", "\na", "ab"]),
    ("a.c", ["abc", "a😀c", "a\u{85}c"], ["a\nc", "a\rc", "a\u{2028}c", "ac"]),
    ("^\\s$", [" ", "\t", "\u{0B}", "\u{A0}", "\u{FEFF}", "\u{2029}", "\u{3000}"], ["a", "\u{85}", "\u{180E}"]),
    ("^[\\s]$", ["\u{A0}"], ["a"]),
    ("^[^\\S]$", ["\u{A0}", "\n"], ["a", "\u{200B}"]),
    ("^\\S$", ["a", "\u{85}", "\u{10FFFF}"], [" ", "\u{2003}"]),
    ("^\\d\\w\\W$", ["1_-", "1aé"], ["١a-", "1é-"]),
    ("^\\/\\.\\-\\@$", ["/.-@"], ["/x-@"]),
    ("^\\cJ\\x41\\u0042\\u{43}\\0$", ["\nABC\0"], ["\nABC0"]),
    ("^\\ud83d\\ude00$", ["😀"], ["?"]),
    ("^[\\b]$", ["\u{08}"], ["b", "\\"]),
    ("^[]$", [], ["", "a"]),
    ("^[^]$", ["a", "\n", "😀"], ["", "ab"]),
    ("^[a-c\\-\\]x]+$", ["a-]xb"], ["d", "\\"]),
    ("^[\\w-x]+$", ["a-x"], ["+"]),
    ("^[-a]+[a-]$", ["-a", "a-"], ["b"]),
    ("^[&&~~\\[]+$", ["&~["], ["a"]),
    ("^[[:alpha:]]$", [":]", "a]", "[]"], ["b]x", "a"]),
    ("^(?<year>\\d{4})-(?:0[1-9]|1[0-2])$", ["2026-12"], ["2026-13"]),
    ("^a{2}b{1,}c{0,1}?$", ["aab", "aabbc"], ["ab", "aabcc"]),
    ("^{a}]$", ["{a}]"], ["a"]),
    ("^x{,2}$", ["x{,2}"], ["xx"]),
    ("\\bfoo\\b", ["a foo b"], ["afoo"]),
    ("^\\p{Letter}\\p{Lu}\\p{gc=Nd}\\P{L}$", ["éA1-"], ["éa1-", "1A1-"]),
    ("^[\\p{Lu}\\d]+$", ["É1"], ["é"]),
    ("^\\p{ASCII}\\p{Any}$", ["a😀"], ["éa"]),
    ("^#\\ \\_?$", [], []),
    ("é", ["café"], ["cafe\u{301}"]),
  ]

  @Test("mean what ECMA-262 says", arguments: rows.indices)
  func patterns(_ index: Int) throws {
    let row = SchemaPatternTests.rows[index]
    guard row.pattern != "^#\\ \\_?$" else {
      #expect(try !schemaProblems(#"{"pattern":"^#\\ \\_?$"}"#).isEmpty)
      return
    }
    let schema = try JSONSchema(testing: ["pattern": .string(row.pattern)])
    for text in row.found { #expect(schema.validate(.string(text)).isEmpty, "\(row.pattern) is found in \(text.debugDescription)") }
    for text in row.notFound { #expect(!schema.validate(.string(text)).isEmpty, "\(row.pattern) is not found in \(text.debugDescription)") }
  }

  static let sizeRows: [(String, Int)] = [
    ("", 0), ("abc", 3), ("a{3}", 3), ("(ab){2,4}c", 9), ("((a{10}){10}b){10}", 1010), ("a*b+[xy]?", 3), ("(a{1000}){1000}", 10_000), ("a{0}b", 2),
    ("a{2,}", 3), ("a|(?:b|cd)", 4), ("\\d{2}\\.", 3),
  ]

  @Test("have a size that counts repetitions", arguments: sizeRows)
  func sizes(_ pattern: String, _ size: Int) throws { #expect(try SchemaPatternSyntax(pattern).size == size) }

  @Test("that are large cannot be made slow by many short texts", .timeLimit(.minutes(1)))
  func manyTexts() throws {
    let schema = try JSONSchema(testing: #"{"items":{"pattern":"(a?){900}b$"}}"#)
    let failures = schema.validate(.array(Array(repeating: JSONValue.string(String(repeating: "a", count: 50)), count: 20_000)), most: 1000, stepsMax: 50_000)
    #expect(failures.last?.message.contains("50000 steps") == true)
  }

  static let refusedPatterns = [
    "(?!a)", "(?<=a)b", "(a)\\1", "(?<n>a)\\k<n>", "\\ud800", "\\p{Nonsense}", "\\p{Script=Nonsense}", "a{1001}", "(?i)a", "\\Qa\\E", "\\A", "\\z", "\\a",
    "\\01",
    String(repeating: "a", count: 2001), "(a{100}){100}", String(repeating: "(", count: 900) + String(repeating: ")", count: 900),
  ]

  @Test("are refused where they cannot be searched in linear time, or mean nothing", arguments: refusedPatterns)
  func refused(_ pattern: String) throws { #expect(throws: JSONSchemaError.self) { try JSONSchema(testing: ["pattern": .string(pattern)]) } }
}
