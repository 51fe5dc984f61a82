import CEL
import Core
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("Rules that look up other documents")
struct LookupTests {
  private func rule(_ source: String) throws -> CELExpression { try ExpressionKind.readRule.compile(source, pointer: "") }

  private func page(_ source: String, as caller: Caller = .user(id: "ada"), in collection: Collection, _ store: TestStorage) async throws -> [String] {
    let query = DocumentQuery(rule: try rule(source), filter: nil, variables: .test(caller), sort: [], limit: 1000, cursor: nil)
    return try await store.documents.page(query, in: collection).items.map(\.id)
  }

  @Test("The same rule on the same documents gives the same answer in SQL and in memory", arguments: [11, 12, 13] as [UInt64])
  func agreement(seed: UInt64) async throws {
    var chance = SeededRandom(seed: seed)
    let store = try await TestStorage()
    let teams = try await store.collection("teams")
    let things = try await store.collection(indexes: [["fields": ["team"]], ["fields": ["a"]]])
    for number in 0..<8 { try await store.create(text: FilterChance.document(&chance), id: "t\(number)", in: teams) }
    var records: [DocumentRecord] = []
    for number in 0..<60 {
      let team = FilterChance.pick(["\"t1\"", "\"t2\"", "\"t3\"", "\"t\(number % 10)\"", "1", "null", "[\"t1\"]", #""t1\u0000x""#, "\"\""], &chance)
      let own = FilterChance.document(&chance)
      let text = own == "{}" ? "{}" : number % 7 == 0 ? own : own.dropLast() + ",\"team\":\(team)}"
      records.append(try await store.create(text: text, id: "d\(number)", in: things))
    }
    records.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    let variables = RuleVariables.test(.user(id: "ab"))
    var pairs = 0
    for round in 0..<300 {
      var source = FilterChance.expression(&chance, depth: 2)
      for name in ["x", "y"] {
        source = source.split(separator: "o.\(name)", omittingEmptySubsequences: false).joined(separator: "lookup(\"teams\", team).\(name)")
      }
      if round % 10 == 0 { source += #" || lookup("teams", team) == null"# }
      guard !source.contains("params"), let rule = try? rule(source) else { continue }
      let expected = try await store.documents.read { [records] reader in
        records.filter { rule.allows(RuleContext(variables, document: $0, lookups: RuleLookups(reader))) }.map(\.id)
      }
      let query = DocumentQuery(rule: rule, filter: nil, variables: variables, sort: [], limit: 1000, cursor: nil)
      let found = try await store.documents.page(query, in: things).items.map(\.id)
      #expect(found == expected, "seed \(seed), round \(round): \(source)")
      pairs += records.count
    }
    #expect(pairs > 10_000)
  }

  @Test(
    "SQL lets through only rows that may match",
    arguments: [
      (#"lookup("teams", team).owner == auth.id"#, ["a"]), (#"auth.id in lookup("teams", team).members"#, ["a", "b"]),
      (#"lookup("teams", team).open"#, ["b"]), (#"lookup("teams", team).size > 2"#, ["b"]),
      (#"lookup("teams", team).name.startsWith("re")"#, ["a"]), (#"has(lookup("teams", team).owner) && team != "none""#, ["a", "b"]),
      (#"lookup("people", auth.id).team == team"#, ["b"]), (#"lookup("things", parent).team == "red""#, ["b", "c"]),
    ] as [(String, [String])])
  func pushed(source: String, expected: [String]) async throws {
    let store = try await TestStorage()
    let teams = try await store.collection("teams")
    let people = try await store.collection("people")
    let things = try await store.collection()
    try await store.create(["owner": "ada", "members": ["ada", "bob"], "open": false, "size": 2, "name": "red"], id: "red", in: teams)
    try await store.create(["owner": "bob", "members": ["ada"], "open": true, "size": 3, "name": "blue"], id: "blue", in: teams)
    try await store.create(["team": "blue"], id: "ada", in: people)
    try await store.create(["team": "red"], id: "a", in: things)
    try await store.create(["team": "blue", "parent": "a"], id: "b", in: things)
    try await store.create(["team": "none", "parent": "a"], id: "c", in: things)
    try await store.create(["n": 1], id: "d", in: things)
    #expect(try await page(source, in: things, store) == expected)

    let database = try Database.open(path: store.folder.path + "/projects/default/roost.db", role: .scanner)
    let query = DocumentQuery(rule: try rule(source), filter: nil, variables: .test(.user(id: "ada")), sort: [], limit: 10, cursor: nil)
    let plan = PagePlan(query, CollectionShape(things), PageLookups(reading: "documents_\(things.number)", on: database))
    let sql = try #require(plan.condition.sql, "nothing was said in SQL")
    let passing = try database.rows("SELECT id FROM documents_\(things.number) WHERE \(sql.text) ORDER BY id", sql.values) { $0.text(0) }
    #expect(passing == expected, "\(sql.text)")
  }

  @Test("What is not there is null; what it would lead to is an error, which denies")
  func missing() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    try await store.create(["team": "none"], id: "a", in: things)
    #expect(try await page(#"lookup("things", team) == null"#, in: things, store) == ["a"])
    #expect(try await page(#"lookup("nowhere", team) == null"#, in: things, store) == ["a"])
    #expect(try await page(#"lookup("things", "no/id") == null"#, in: things, store) == ["a"])
    #expect(try await page(#"lookup("things", team).n == 1"#, in: things, store) == [])
    #expect(try await page(#"lookup("things", auth.claims.n) == null || true"#, in: things, store) == ["a"])
  }

  @Test("A write's rule sees what the same transaction wrote before it")
  func insideTransaction() async throws {
    let store = try await TestStorage()
    let teams = try await store.collection("teams")
    let things = try await store.collection()
    let seen = DocumentWrite(collection: things, id: "x", actor: .nobody) { moment in
      let team = try moment.reader.document("new", in: "teams")
      return .store(body: team?.body ?? Array("{}".utf8))
    }
    let outcomes = try await withCheckedThrowingContinuation { continuation in
      store.documents.write([.storing(#"{"n":1}"#, id: "new", in: teams), seen]) { continuation.resume(with: $0) }
    }
    #expect(outcomes[1].after?.body == Array(#"{"n":1}"#.utf8))
  }

  @Test("Hidden fields are missing from items and for filters, whatever the filter tries", arguments: [false, true])
  func hiddenFields(isIndexed: Bool) async throws {
    let store = try await TestStorage()
    let things = try await store.collection(indexes: isIndexed ? [["fields": ["email"]]] : [])
    try await store.create(["email": "ada@x.org", "owner": "ada", "n": 1], id: "a", in: things)
    try await store.create(["email": "bob@x.org", "owner": "bob", "n": 2], id: "b", in: things)
    let rules = FieldRules([FieldRules.Field(name: "email", read: Rule(try rule("owner == auth.id")), write: nil)])
    func found(_ filter: String?) async throws -> [String] {
      let query = DocumentQuery(
        rule: try rule("true"), filter: try filter.map { try ExpressionKind.filter.compile($0, pointer: "") }, fieldRules: rules,
        variables: .test(.user(id: "ada")), sort: [], limit: 10, cursor: nil)
      return try await store.documents.page(query, in: things).items.map { String(decoding: $0.body, as: UTF8.self) }
    }
    let ada = #"{"email":"ada@x.org","owner":"ada","n":1}"#
    let bob = #"{"owner":"bob","n":2}"#
    #expect(try await found(nil) == [ada, bob])
    for filter in [
      #"email == "bob@x.org""#, #"email.startsWith("bob")"#, #"email > "b""#, #"email in ["bob@x.org"]"#, #"email != "ada@x.org""#,
      #"document["email"] == "bob@x.org""#,
      #"has(document.email) && n == 2"#, #"!(email == "ada@x.org")"#, #"size(email) > 0 && n == 2"#, #""email" in document && n == 2"#,
    ] {
      #expect(try await found(filter) == [], "\(filter)")
    }
    #expect(try await found(#"email == "ada@x.org""#) == [ada])
    #expect(try await found("!has(document.email)") == [bob])
    #expect(try await found("n == 2") == [bob])
  }
}
