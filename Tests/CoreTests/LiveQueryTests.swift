import CEL
import Core
import JSON
import TestKit
import Testing

@Suite("Live queries, dry")
struct LiveQueryTests {
  private let key = LiveCursorKey(secret: [1, 2, 3])

  private func collection(_ value: JSONValue, number: Int64 = 1) throws -> Collection {
    let now = Timestamp(milliseconds: 0)
    return Collection(try CollectionConfiguration(name: "notes", value: value), number: number, created: now, updated: now)
  }

  private func query(_ rules: JSONValue, _ caller: Caller = .anonymous, filter: String? = nil, number: Int64 = 1, params: JSONObject = [:]) throws -> LiveQuery
  {
    let collection = try collection(rules, number: number)
    let variables = RuleVariables(caller: caller, request: RuleRequest(time: Timestamp(milliseconds: 0)))
    return try LiveQuery(
      access: DocumentAccess(collection: collection, caller: caller, variables: variables),
      filter: filter.map { try ExpressionKind.filter.compile($0, pointer: "/filter", document: collection.documentType) }, params: params,
      presentation: "test", key: key)
  }

  private func user(_ id: String) -> Caller {
    .user(UserIdentity(id: id, email: "\(id)@example.org", emailVerified: true, roles: [], sessionID: "s"))
  }

  private func record(_ body: String?) -> DocumentRecord? {
    body.map { DocumentRecord(id: "a", version: 3, created: Timestamp(milliseconds: 5), updated: Timestamp(milliseconds: 7), body: Array($0.utf8)) }
  }

  private func change(_ before: String?, _ after: String?) throws -> LoggedChange {
    let event = LogEvent(
      sequence: 9, time: Timestamp(milliseconds: 0), kind: .document, action: .updated, container: "notes", subject: "a",
      before: record(before)?.json(), after: record(after)?.json(), auth: nil, depth: 0)
    return try #require(LoggedChange(event))
  }

  private let open: JSONValue = ["rules": ["read": "true"]]
  private let guarded: JSONValue = [
    "rules": ["read": "public || (auth != null && owner == auth.id)"], "fieldRules": ["price": ["read": "auth != null && owner == auth.id"]],
  ]

  @Test(
    "A change is what it means to rule and filter before and after",
    arguments: [
      (nil, #"{"n":1}"#, "n > 0", "added"), (nil, #"{"n":0}"#, "n > 0", ""), (#"{"n":1}"#, nil, "n > 0", "removed"), (#"{"n":0}"#, nil, "n > 0", ""),
      (#"{"n":0}"#, #"{"n":1}"#, "n > 0", "added"), (#"{"n":1}"#, #"{"n":2}"#, "n > 0", "modified"), (#"{"n":1}"#, #"{"n":0}"#, "n > 0", "removed"),
      (#"{"n":0}"#, #"{"n":-1}"#, "n > 0", ""), (#"{"n":"x"}"#, #"{"m":1}"#, "n > 0", ""), (#"{"n":1}"#, #"{"n":null}"#, "n > 0", "removed"),
    ] as [(String?, String?, String, String)])
  func outcomes(before: String?, after: String?, filter: String, expected: String) throws {
    let outcome = try query(open, filter: filter).outcome(of: change(before, after), nil)
    let name =
      switch outcome {
      case .added: "added"
      case .modified: "modified"
      case .removed: "removed"
      case nil: ""
      }
    #expect(name == expected)
  }

  @Test("Hidden fields are neither told nor known to the filter; hidden documents are not there")
  func hidden() throws {
    let shown = try change(#"{"public":true,"owner":"ann","price":1}"#, #"{"public":true,"owner":"ann","price":7}"#)
    #expect(try query(guarded).outcome(of: shown, nil) == .modified(try #require(record(#"{"public":true,"owner":"ann"}"#))))
    #expect(try query(guarded, filter: "price == 7").outcome(of: shown, nil) == nil)
    #expect(try query(guarded, user("ben"), filter: "price == 7").outcome(of: shown, nil) == nil)
    #expect(try query(guarded, user("ann"), filter: "price == 7").outcome(of: shown, nil) == .added(try #require(shown.after)))
    let closed = try change(#"{"public":true,"owner":"ann"}"#, #"{"public":false,"owner":"ann","price":7}"#)
    #expect(try query(guarded, user("ben")).outcome(of: closed, nil) == .removed)
    #expect(try query(guarded, .admin(id: "x", email: "x")).outcome(of: closed, nil) == .modified(try #require(closed.after)))
  }

  @Test("A document that a rule looks up and that cannot be read is an error, not a denial")
  func brokenLookup() throws {
    let query = try query(["rules": ["read": #"lookup("teams", team) != null"#]])
    let change = try change(nil, #"{"team":"t"}"#)
    #expect(query.looksUp)
    #expect(try query.outcome(of: change, RuleLookups(MemoryReader(["teams": ["t": "{}"]]))) != nil)
    #expect(try query.outcome(of: change, RuleLookups(MemoryReader())) == nil)
    #expect(throws: (any Error).self) {
      try query.outcome(of: change, RuleLookups(MemoryReader(failing: RoostError(.unavailable, "gone"))))
    }
  }

  @Test("Callers share a query where it is the same for both, and only there")
  func fingerprints() throws {
    #expect(try query(open, user("ann")).fingerprint == query(open).fingerprint)
    #expect(try query(guarded, user("ann")).fingerprint != query(guarded, user("ben")).fingerprint)
    #expect(try query(guarded, user("ann")).fingerprint == query(guarded, user("ann")).fingerprint)
    #expect(try query(open, filter: "auth != null").fingerprint != query(open, user("ann"), filter: "auth != null").fingerprint)
    #expect(try query(open, .admin(id: "x", email: "x")).fingerprint != query(open).fingerprint)
    #expect(try query(open, filter: "n > 0").fingerprint != query(open, filter: "n > 1").fingerprint)
    let (one, two) = (try query(open, filter: "n == params.n", params: ["n": 1]), try query(open, filter: "n == params.n", params: ["n": 2]))
    #expect(one.fingerprint != two.fingerprint)
    #expect(try query(open, number: 2).fingerprint != query(open, number: 1).fingerprint)
    let asking: JSONValue = ["rules": ["read": #"request.ip != """#]]
    #expect(try query(asking).fingerprint != query(asking).fingerprint)
  }

  @Test("Another configuration is the same query as long as the rules that its caller sees by are the same")
  func renewed() throws {
    let live = try query(guarded, user("ann"))
    var other = guarded
    if case .object(var object) = guarded {
      object["indexes"] = [["fields": ["owner"]]]
      other = .object(object)
    }
    #expect(try live.under(collection(other)) != nil)
    #expect(try live.under(collection(open)) == nil)
    #expect(try live.under(collection(guarded, number: 2)) == nil)
    #expect(try query(guarded, .admin(id: "x", email: "x")).under(collection(open)) != nil)
  }

  @Test("A cursor is read back, by its own server only")
  func cursors() throws {
    let fingerprint = try query(open).fingerprint
    for sequence in [0, 1, 255, 1 << 40, Int64.max] {
      let cursor = LiveCursor(sequence: sequence, fingerprint: fingerprint)
      #expect(LiveCursor(cursor.text(key), key) == cursor)
      #expect(LiveCursor(cursor.text(key), LiveCursorKey(secret: [9]))?.sequence != sequence)
    }
    for text in ["", "x", "....", String(repeating: "A", count: 400), LiveCursor.unknown.text(key)] { #expect(LiveCursor(text, key) == nil) }
  }

  @Test("What the log holds of a document is the document", arguments: [0, 1, 951_782_400_123, 1_700_000_000_000, 4_102_444_799_999, -1] as [Int64])
  func logged(milliseconds: Int64) throws {
    let time = Timestamp(milliseconds: milliseconds)
    for body in ["{}", #"{"a":{"id":"x","version":1},"b":[1,2]}"#] {
      let document = DocumentRecord(id: "a_B-9", version: 12, created: time, updated: time, body: Array(body.utf8))
      let event = LogEvent(
        sequence: 1, time: time, kind: .document, action: .created, container: "c", subject: "a_B-9", before: nil, after: document.json(), auth: nil, depth: 0)
      #expect(LoggedChange(event)?.after == document)
    }
  }
}

@Suite("Recent changes")
struct RecentChangesTests {
  private func change(_ sequence: Int64, _ collection: String = "c", bytes: Int = 0) throws -> LoggedChange {
    let now = Timestamp(milliseconds: 0)
    let document = DocumentRecord(id: "a", version: 1, created: now, updated: now, body: Array(#"{"x":"\#(String(repeating: "x", count: bytes))"}"#.utf8))
    return try #require(
      LoggedChange(
        LogEvent(
          sequence: sequence, time: now, kind: .document, action: .created, container: collection, subject: "a", before: nil, after: document.json(),
          auth: nil, depth: 0)))
  }

  @Test("It answers what came after a place, of one collection, or that it no longer knows")
  func answers() throws {
    var recent = RecentChanges(at: 10, countMax: 4, bytesMax: 1 << 20)
    #expect(recent.changes(of: "c", after: 10)?.isEmpty == true)
    #expect(recent.changes(of: "c", after: 9) == nil)
    recent.append([try change(11), try change(13, "d"), try change(14)], through: 15)
    #expect(recent.end == 15)
    #expect(recent.changes(of: "c", after: 10)?.map(\.sequence) == [11, 14])
    #expect(recent.changes(of: "c", after: 12)?.map(\.sequence) == [14])
    #expect(recent.changes(of: "d", after: 11)?.map(\.sequence) == [13])
    #expect(recent.changes(of: "c", after: 15)?.isEmpty == true)
    recent.append([try change(16), try change(17)], through: 17)
    #expect(recent.start == 11)
    #expect(recent.changes(of: "c", after: 10) == nil)
    #expect(recent.changes(of: "c", after: 11)?.map(\.sequence) == [14, 16, 17])
  }

  @Test("It is bounded in bytes")
  func bounded() throws {
    var recent = RecentChanges(at: 0, countMax: 1000, bytesMax: 10_000)
    for sequence in 1...100 { recent.append([try change(Int64(sequence), bytes: 2000)], through: Int64(sequence)) }
    #expect(recent.end == 100)
    #expect(recent.start >= 95)
    recent.append([try change(101, bytes: 50_000)], through: 101)
    #expect(recent.start == 101)
    #expect(recent.changes(of: "c", after: 101)?.isEmpty == true)
  }
}
