import CEL
import Core
import JSON
import TestKit
import Testing

@Suite("Who may change a document")
struct DocumentAccessTests {
  private let now = Timestamp(milliseconds: 1_700_000_000_000)
  private let ada = Caller.user(UserIdentity(id: "ada", email: "ada@x.org", emailVerified: false, roles: [], sessionID: "s"))
  private let bob = Caller.user(UserIdentity(id: "bob", email: "bob@x.org", emailVerified: false, roles: [], sessionID: "s"))
  private let admin = Caller.admin(id: "root", email: "root@x.org")

  private func access(_ caller: Caller, rules: JSONValue, fieldRules: JSONValue = [:]) throws -> DocumentAccess {
    let configuration = try CollectionConfiguration(name: "posts", value: ["rules": rules, "fieldRules": fieldRules])
    let collection = Collection(configuration, number: 1, created: now, updated: now)
    let request = RuleRequest(method: "GET", ip: "127.0.0.1", time: now, query: { [] }, headers: { [] })
    return DocumentAccess(collection: collection, caller: caller, variables: RuleVariables(caller: caller, request: request))
  }

  private let own: JSONValue = [
    "read": "published || (auth != null && author == auth.id)", "create": "auth != null && incoming.author == auth.id",
    "update": "auth != null && author == auth.id && incoming.author == author", "delete": "auth != null && author == auth.id",
  ]

  private func document(_ json: String, version: Int64 = 1) -> DocumentRecord {
    DocumentRecord(id: "d", version: version, created: now, updated: now, body: Array(json.utf8))
  }

  private func body(_ json: String) throws -> DocumentBody { try DocumentBody(Array(json.utf8)) }

  @Test("The author creates, others and strangers do not, an admin does")
  func create() throws {
    let mine = try body(#"{"author":"ada"}"#)
    _ = try access(ada, rules: own).create(id: nil, body: mine).decision(nil, "d", now)
    _ = try access(admin, rules: own).create(id: nil, body: mine).decision(nil, "d", now)
    try expect(.forbidden) { try access(bob, rules: own).create(id: nil, body: mine).decision(nil, "d", now) }
    try expect(.unauthenticated) { try access(.anonymous, rules: own).create(id: nil, body: mine).decision(nil, "d", now) }
  }

  @Test("A taken id is a conflict only for those who may create")
  func conflict() throws {
    let there = document(#"{"author":"bob"}"#)
    try expect(.alreadyExists) { try access(ada, rules: own).create(id: "d", body: body(#"{"author":"ada"}"#)).decision(there, "d", now) }
    try expect(.forbidden) { try access(ada, rules: own).create(id: "d", body: body(#"{"author":"bob"}"#)).decision(there, "d", now) }
  }

  @Test("A hidden document does not exist for a writer; a visible one is refused")
  func hidden() throws {
    let secret = document(#"{"author":"ada","published":false}"#)
    let open = document(#"{"author":"ada","published":true}"#)
    try expect(.notFound) { try access(bob, rules: own).delete(id: "d", condition: .none).decision(secret, "d", now) }
    try expect(.forbidden) { try access(bob, rules: own).delete(id: "d", condition: .none).decision(open, "d", now) }
    try expect(.unauthenticated) { try access(.anonymous, rules: own).delete(id: "d", condition: .none).decision(open, "d", now) }
    try expect(.notFound) { try access(ada, rules: own).delete(id: "d", condition: .none).decision(nil, "d", now) }
  }

  @Test("An update rule sees the document before and after")
  func update() throws {
    let there = document(#"{"author":"ada","published":true}"#)
    _ = try access(ada, rules: own).put(id: "d", body: body(#"{"author":"ada","n":1}"#), condition: .none).decision(there, "d", now)
    try expect(.forbidden) {
      try access(ada, rules: own).put(id: "d", body: body(#"{"author":"bob"}"#), condition: .none).decision(there, "d", now)
    }
  }

  @Test("An absent rule denies everybody but admins")
  func absent() throws {
    let there = document("{}")
    try expect(.notFound) { try access(ada, rules: [:]).delete(id: "d", condition: .none).decision(there, "d", now) }
    #expect(try access(ada, rules: [:]).view(of: there, nil) == nil)
    #expect(try access(admin, rules: [:]).view(of: there, nil) != nil)
  }

  @Test("An error inside a rule denies")
  func error() throws {
    #expect(try access(ada, rules: ["read": "missing.field == 1"]).view(of: document("{}"), nil) == nil)
    #expect(try access(ada, rules: ["read": "1 / 0 == 1"]).view(of: document("{}"), nil) == nil)
  }

  @Test(
    "Preconditions look at the version",
    arguments: [
      (VersionCondition.none, true, true), (.exists, true, false), (.isMissing, false, true), (.oneOf([1]), true, false),
      (.oneOf([2]), false, false),
      (.noneOf([1]), false, true), (.noneOf([2]), true, true),
    ])
  func conditions(condition: VersionCondition, holdsWithVersion1: Bool, holdsWhenMissing: Bool) {
    #expect(holds(condition, document("{}")) == holdsWithVersion1)
    #expect(holds(condition, nil) == holdsWhenMissing)
  }

  private func holds(_ condition: VersionCondition, _ document: DocumentRecord?) -> Bool {
    do {
      try condition.require(document)
      return true
    } catch {
      return false
    }
  }

  @Test("Our fields in a body are ignored, the rest is compacted and kept to the letter")
  func bodies() throws {
    let body = try body(#"{ "id": "x", "version": 9, "n": 1.50, "createdAt": 1, "s": "a\u00e4" }"#)
    #expect(body.id == "x")
    #expect(String(decoding: body.bytes, as: UTF8.self) == #"{"n":1.50,"s":"a\u00e4"}"#)
  }

  @Test(
    "A body that is no object, or whose id is no string, is refused with the place",
    arguments: ["[]", "1", "", "{", #"{"id":1}"#, #"{"a":1,"a":2}"#])
  func badBodies(text: String) {
    #expect(throws: RoostError.self) { try DocumentBody(Array(text.utf8)) }
  }

  @Test("A document is its fields with ours in front")
  func json() {
    let text = String(decoding: document(#"{"a":1}"#, version: 3).json(), as: UTF8.self)
    #expect(text == #"{"id":"d","version":3,"createdAt":"2023-11-14T22:13:20.000Z","updatedAt":"2023-11-14T22:13:20.000Z","a":1}"#)
    #expect(String(decoding: document("{}").json(), as: UTF8.self).hasSuffix(#"000Z"}"#))
  }
}
