import CEL
import Core
import JSON
import TestKit
import Testing

@testable import Storage

/// The same expression gives the same answer in SQL and in memory.
@Suite("Filters in SQL and in memory")
struct FilterAgreementTests {
  private static let indexes: JSONValue = [
    ["fields": ["a"]], ["fields": ["b", "-c"]], ["fields": ["o.x", "a"]], ["fields": ["-createdAt"]], ["fields": ["flag", "version"]],
  ]

  @Test("Generated filters over generated documents", arguments: [1, 2, 3, 4] as [UInt64])
  func agreement(seed: UInt64) async throws {
    var chance = SeededRandom(seed: seed)
    let store = try await TestStorage()
    let things = try await store.collection(indexes: Self.indexes)
    var records: [DocumentRecord] = []
    for number in 0..<120 {
      store.clock.advance(by: .milliseconds(Int64(chance.next() % 40_000)))
      let text = FilterChance.document(&chance)
      var record = try await store.create(text: text, id: number % 3 == 0 ? FilterChance.id(&chance) + "\(number)" : nil, in: things)
      if chance.next() % 4 == 0 { record = try await store.create(text: text, id: record.id, in: things) }
      records.append(record)
    }
    records.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    let params: JSONObject = ["n": 5, "s": "ab", "list": ["a", "ab", 1], "missing": nil]
    let variables = RuleVariables.test(.user(id: "ab"), params: params)
    var pairs = 0
    for round in 0..<600 {
      let source = FilterChance.expression(&chance, depth: 3)
      guard let expression = try? ExpressionKind.filter.compile(source, pointer: "") else { continue }
      let expected = records.filter { expression.allows(RuleContext(variables, document: $0)) }.map(\.id)
      let query = DocumentQuery(filter: expression, variables: variables, sort: [], limit: 1000, cursor: nil)
      let found = try await store.documents.page(query, in: things).items.map(\.id)
      #expect(found == expected, "seed \(seed), round \(round): \(source)")
      let sort = FilterChance.sort(&chance)
      let sorted = DocumentQuery(filter: expression, variables: variables, sort: try SortKey.parse(sort), limit: 1000, cursor: nil)
      #expect(
        try await store.documents.page(sorted, in: things).items.map(\.id).sorted() == expected.sorted(),
        "seed \(seed), round \(round), sort \(sort): \(source)")
      pairs += records.count
    }
    // With all seeds more than 200,000.
    #expect(pairs > 50_000, "\(pairs) pairs of a filter and a document")
  }

  @Test(
    "Hard cases, one by one",
    arguments: [
      // What json_extract alone would mix up.
      (#"a == 1"#, [#"{"a":1}"#, #"{"a":1.0}"#, #"{"a":1e0}"#], [#"{"a":true}"#, #"{"a":"1"}"#, #"{}"#, #"{"a":[1]}"#]),
      (#"a == true"#, [#"{"a":true}"#], [#"{"a":1}"#, #"{"a":"true"}"#]),
      (#"a"#, [#"{"a":true}"#], [#"{"a":1}"#, #"{"a":false}"#]),
      (#"!a"#, [#"{"a":false}"#], [#"{"a":0}"#, #"{"a":null}"#, "{}"]),
      (#"a == "[1]""#, [#"{"a":"[1]"}"#], [#"{"a":[1]}"#]),
      (#"a != "[1]""#, [#"{"a":[1]}"#, #"{"a":null}"#, #"{"a":2}"#], [#"{"a":"[1]"}"#, "{}"]),
      (#"a > "Z""#, [#"{"a":"a"}"#], [#"{"a":{"b":1}}"#, #"{"a":[1]}"#, #"{"a":5}"#]),
      (#"a < "b""#, [#"{"a":"a"}"#, #"{"a":""}"#], [#"{"a":1}"#, #"{"a":null}"#]),
      (#"a < 5"#, [#"{"a":4}"#, #"{"a":-1e300}"#], [#"{"a":false}"#, #"{"a":"1"}"#, #"{"a":null}"#]),
      (#"a > 5"#, [#"{"a":5.5}"#], [#"{"a":"x"}"#, #"{"a":true}"#]),
      (#"a == null"#, [#"{"a":null}"#], [#"{}"#, #"{"a":0}"#]),
      (#"a != null"#, [#"{"a":0}"#], [#"{}"#, #"{"a":null}"#]),
      (#"a != 5"#, [#"{"a":"5"}"#, #"{"a":null}"#, #"{"a":5.1}"#], [#"{}"#, #"{"a":5.0}"#]),
      // Texts that end early for SQLite.
      (#"a == "x""#, [#"{"a":"x"}"#], [#"{"a":"x\u0000y"}"#]),
      (#"a == "x\u0000y""#, [#"{"a":"x\u0000y"}"#], [#"{"a":"x"}"#, #"{"a":"x\u0000z"}"#]),
      (#"a != "x""#, [#"{"a":"x\u0000y"}"#], [#"{"a":"x"}"#]),
      (#"a > "x""#, [#"{"a":"x\u0000"}"#, #"{"a":"y"}"#], [#"{"a":"x"}"#]),
      (#"a <= "x""#, [#"{"a":"x"}"#], [#"{"a":"x\u0000"}"#]),
      (#"a in ["x", "y"]"#, [#"{"a":"x"}"#], [#"{"a":"x\u0000"}"#, "{}"]),
      (#"!(a in ["x", "y"])"#, [#"{"a":"x\u0000"}"#, #"{"a":1}"#], [#"{"a":"x"}"#, "{}"]),
      // Unicode is compared by code points.
      (#"a == "é""#, [#"{"a":"é"}"#, #"{"a":"\u00e9"}"#], [#"{"a":"e\u0301"}"#]),
      (#"a.startsWith("é")"#, [#"{"a":"été"}"#], [#"{"a":"e\u0301t"}"#]),
      (#"a < "\U0001F600""#, [#"{"a":"\uFFFD"}"#], [#"{"a":"😀"}"#]),
      // Numbers that a double or an Int64 barely holds.
      (#"a == 9007199254740993"#, [#"{"a":9007199254740993}"#], [#"{"a":9007199254740992}"#, #"{"a":9007199254740992.0}"#]),
      (#"a == 0.1"#, [#"{"a":0.1}"#, #"{"a":1e-1}"#], [#"{"a":0.10000000000000002}"#]),
      (#"a > 9223372036854775806"#, [#"{"a":9223372036854775807}"#, #"{"a":12345678901234567890}"#], [#"{"a":9223372036854775806}"#]),
      (#"a >= 19.99"#, [#"{"a":19.99}"#, #"{"a":20}"#], [#"{"a":19.989999999999995}"#]),
      (#"a == -0.0"#, [#"{"a":0}"#, #"{"a":-0.0}"#, #"{"a":-0}"#], [#"{"a":false}"#]),
      // Fields within fields, and what has none.
      (#"o.x == 1"#, [#"{"o":{"x":1}}"#], [#"{"o":[1]}"#, #"{"o":null}"#, #"{"o":{"X":1}}"#]),
      (#"has(o.x)"#, [#"{"o":{"x":null}}"#], [#"{"o":{}}"#, #"{}"#]),
      (#"!has(o.x)"#, [#"{"o":{}}"#], [#"{"o":{"x":null}}"#, #"{}"#, #"{"o":[1]}"#, #"{"o":"x"}"#]),
      (#"!has(a)"#, [#"{}"#], [#"{"a":null}"#]),
      // An error on one side does not matter if the other decides.
      (#"a == 1 || b == 1"#, [#"{"b":1}"#, #"{"a":1}"#], [#"{"a":2}"#, "{}"]),
      (#"!(a == 1 && b == 1)"#, [#"{"b":2}"#], [#"{"b":1}"#, #"{"a":1,"b":1}"#]),
      (#"a > 1 ? b == 1 : b == 2"#, [#"{"a":2,"b":1}"#, #"{"a":0,"b":2}"#], [#"{"b":1}"#, #"{"a":"x","b":2}"#]),
      (#""x" in a"#, [#"{"a":["x"]}"#, #"{"a":{"x":1}}"#], [#"{"a":"x"}"#, #"{"a":["x\u0000"]}"#]),
      (#"!("x" in a)"#, [#"{"a":[]}"#, #"{"a":{"y":"x"}}"#], [#"{"a":"y"}"#, #"{"a":["x"]}"#]),
      (#"1 in a"#, [#"{"a":[1.0]}"#], [#"{"a":[true]}"#, #"{"a":{"1":1}}"#]),
      (#"createdAt >= "2023""#, [#"{"createdAt":"1999"}"#], []),
      (#"createdAt == "2023-11-14T22:13:20.000Z" && version == 1"#, ["{}"], []),
      (#"id.startsWith("0")"#, ["{}"], []),
    ] as [(String, [String], [String])])
  func cases(filter: String, matching: [String], others: [String]) async throws {
    for indexes in [[], Self.indexes] as [JSONValue] {
      let store = try await TestStorage()
      let things = try await store.collection(indexes: indexes)
      for text in others { try await store.create(text: text, in: things) }
      var expected: [String] = []
      for text in matching { expected.append(try await store.create(text: text, in: things).id) }
      let found = try await store.page(filter, in: things).items
      #expect(found.map(\.id) == expected, "found \(found.map { String(decoding: $0.body, as: UTF8.self) })")
    }
  }

  @Test("A filter that is always false or always fails gives an empty page, one that is always true everything")
  func constants() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    for _ in 0..<3 { try await store.create([:], in: things) }
    for (filter, count) in [
      ("true", 3), ("false", 0), ("auth == null", 3), ("auth.id == \"x\"", 0), ("1 / 0 == 1", 0), ("params.n == 5", 3), ("params.none == 5", 0),
    ] {
      #expect(try await store.page(filter, params: ["n": 5], in: things).items.count == count, "\(filter)")
    }
  }

  @Test(
    "What a filter costs to plan is bounded, whatever its parameters hold",
    arguments: [
      ("b in params.long", 400, "||"), ("!(b in params.long)", 400, "&&"), ("s == params.text", 500, "||"), ("s.startsWith(params.text)", 300, "||"),
      ("s == params.text + params.text", 300, "||"), ("a == params.long.all(i, params.long.all(j, i != j + '.'))", 150, "||"),
    ])
  func hostileParameters(part: String, count: Int, sign: String) async throws {
    let filter = Array(repeating: part, count: count).joined(separator: sign)
    let store = try await TestStorage()
    let things = try await store.collection()
    let document = try await store.create(["b": "3", "s": "x", "a": 5], in: things)
    let params: JSONObject = [
      "long": .array((0..<200).map { .string("[\($0)") }), "text": .string(String(repeating: "x", count: 900_000)),
    ]
    let expression = try ExpressionKind.filter.compile(filter, pointer: "")
    let query = DocumentQuery(filter: expression, variables: .test(.anonymous, params: params), sort: [], limit: 10, cursor: nil)
    let plan = PagePlan(query, CollectionShape(things), nil)
    // What does not fit is left to memory, and says so.
    #expect((plan.condition.sql?.values.count ?? 0) <= 1_000)
    #expect((plan.condition.sql?.values.reduce(0) { $0 + $1.byteCount } ?? 0) <= 64 << 10)
    let expected = expression.allows(RuleContext(.test(.anonymous, params: params), document: document))
    #expect(try await store.documents.page(query, in: things).items.count == (expected ? 1 : 0))
  }

  @Test(
    "Wide and nested filters are answered in time",
    arguments: [
      Array(repeating: "a == 1", count: 1000).joined(separator: " || "), Array(repeating: "a != 1", count: 1000).joined(separator: " && "),
      String(repeating: "(", count: 50) + "a == 2" + String(repeating: " ? b != 1 : c != 1)", count: 50),
      String(repeating: "!(a == 1 && ", count: 25) + "a == 2" + String(repeating: ")", count: 25),
    ])
  func wide(filter: String) async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    var records: [DocumentRecord] = []
    for number in 0..<3 { records.append(try await store.create(["a": .int(Int64(number)), "b": 1, "c": 2], in: things)) }
    let expression = try ExpressionKind.filter.compile(filter, pointer: "")
    let expected = records.filter { expression.allows(RuleContext(.test(.anonymous), document: $0)) }.map(\.id)
    #expect(try await store.page(filter, in: things).items.map(\.id) == expected)
  }
}
