import CEL
import Core
import JSON
import TestKit
import Testing

@Suite("Rules for single fields, and rules that look up other documents")
struct FieldRuleTests {
  private let now = Timestamp(milliseconds: 1_700_000_000_000)
  private let admin = Caller.admin(id: "root", email: "root@x.org")
  private let reader = MemoryReader(["teams": ["red": #"{"owner":"ada","members":["ada","bob"]}"#]])

  private func user(_ id: String) -> Caller {
    .user(UserIdentity(id: id, email: "\(id)@x.org", emailVerified: false, roles: [], sessionID: "s"))
  }

  private func access(_ caller: Caller, _ configuration: JSONValue) throws -> DocumentAccess {
    let configuration = try CollectionConfiguration(name: "posts", value: configuration)
    return DocumentAccess(
      collection: Collection(configuration, number: 1, created: now, updated: now), caller: caller,
      variables: RuleVariables(caller: caller, request: RuleRequest(time: now)))
  }

  private func document(_ json: String) -> DocumentRecord { DocumentRecord(id: "d", version: 1, created: now, updated: now, body: Array(json.utf8)) }

  private func body(_ json: String) throws -> DocumentBody { try DocumentBody(Array(json.utf8)) }

  private func stored(_ decision: DocumentDecision) -> String? {
    if case .store(let body) = decision { String(decoding: body, as: UTF8.self) } else { nil }
  }

  private func refusal(_ work: () throws -> DocumentDecision) -> RoostError? {
    do {
      _ = try work()
      return nil
    } catch { return error as? RoostError }
  }

  private let open: JSONValue = [
    "rules": ["read": "true", "create": "true", "update": "true", "delete": "true"],
    "fieldRules": ["email": ["read": "owner == auth.id"], "role": ["write": "\"admin\" in auth.roles"]],
  ]

  @Test("A hidden field is not in what its caller sees")
  func reading() throws {
    let there = document(#"{"owner":"ada","email":"a@x.org","n":1}"#)
    func seen(_ caller: Caller) throws -> String? { try access(caller, open).view(of: there, nil).map { String(decoding: $0.body, as: UTF8.self) } }
    #expect(try seen(user("ada")) == #"{"owner":"ada","email":"a@x.org","n":1}"#)
    #expect(try seen(user("bob")) == #"{"owner":"ada","n":1}"#)
    #expect(try seen(.anonymous) == #"{"owner":"ada","n":1}"#)
    #expect(try seen(admin) == #"{"owner":"ada","email":"a@x.org","n":1}"#)
  }

  @Test("Who does not see a field cannot take it away, and may name a new value")
  func keeping() throws {
    let there = document(#"{"owner":"ada","email":"a@x.org","n":1}"#)
    let bob = try access(user("bob"), open)
    #expect(try stored(bob.put(id: "d", body: body(#"{"owner":"ada"}"#), condition: .none).decision(there, "d", now)) == #"{"owner":"ada","email":"a@x.org"}"#)
    #expect(try stored(bob.put(id: "d", body: body("{}"), condition: .none).decision(there, "d", now)) == #"{"email":"a@x.org"}"#)
    #expect(try stored(bob.put(id: "d", body: body(#"{"email":"z"}"#), condition: .none).decision(there, "d", now)) == #"{"email":"z"}"#)
    let ada = try access(user("ada"), open)
    #expect(try stored(ada.put(id: "d", body: body(#"{"owner":"ada"}"#), condition: .none).decision(there, "d", now)) == #"{"owner":"ada"}"#)
    // A patch works on what the caller sees.
    let seen = try bob.patch(
      id: "d", condition: .none,
      operations(#"{"op":"test","path":"/owner","value":"ada"},{"op":"remove","path":"/owner"},{"op":"replace","path":"/n","value":2}"#))
    #expect(try stored(seen.decision(there, "d", now)) == #"{"email":"a@x.org","n":2}"#)
    for hidden in [
      #"{"op":"test","path":"/email","value":"a@x.org"}"#, #"{"op":"copy","from":"/email","path":"/mine"}"#, #"{"op":"remove","path":"/email"}"#,
      #"{"op":"move","from":"/email","path":"/mine"}"#,
    ] {
      let write = try bob.patch(id: "d", condition: .none, operations(hidden))
      #expect(refusal { try write.decision(there, "d", now) }?.code == .conflict, "\(hidden)")
    }
    // Operators see nothing of it either: there is nothing to rename, and a maximum begins anew.
    let renamed = try bob.patch(id: "d", condition: .none, DocumentPatch(object: Array(#"{"$rename":{"email":"mine"}}"#.utf8)))
    #expect(try stored(renamed.decision(there, "d", now)) == nil)
    let most = try bob.patch(id: "d", condition: .none, DocumentPatch(object: Array(#"{"$max":{"email":"A"}}"#.utf8)))
    #expect(try stored(most.decision(there, "d", now))?.contains(#""email":"A""#) == true)
  }

  private func operations(_ list: String) throws -> DocumentPatch { try DocumentPatch(list: Array("[\(list)]".utf8)) }

  @Test("Whoever sets a field that they do not see is not told whether they guessed its value")
  func guessing() throws {
    let there = document(#"{"n":1,"pin":1234,"code":"x"}"#)
    let rules: JSONValue = [
      "rules": ["read": "true", "update": "true"], "fieldRules": ["pin": ["read": "false", "write": "false"], "code": ["read": "false"]],
    ]
    let bob = try access(user("bob"), rules)
    for pin in ["1234", "1", "null", "1234.0"] {
      let text = #"{"n":1,"pin":\#(pin)}"#
      #expect(refusal { try bob.put(id: "d", body: body(text), condition: .none).decision(there, "d", now) }?.fields.first?.pointer == "/pin")
      for patch in [
        try operations(#"{"op":"add","path":"/pin","value":\#(pin)}"#), try DocumentPatch(object: Array(#"{"$set":{"pin":\#(pin)}}"#.utf8)),
        try DocumentPatch(object: Array(#"{"$max":{"pin":\#(pin)}}"#.utf8)),
      ] {
        let write = try bob.patch(id: "d", condition: .none, patch)
        #expect(refusal { try write.decision(there, "d", now) }?.fields.first?.pointer == "/pin")
      }
    }
    // Where they may set it, it is always a write, never "nothing has changed".
    for code in ["x", "y"] {
      #expect(try stored(bob.put(id: "d", body: body(#"{"n":1,"code":"\#(code)"}"#), condition: .none).decision(there, "d", now)) != nil)
    }
    #expect(try stored(bob.put(id: "d", body: body(#"{"n":2}"#), condition: .none).decision(there, "d", now)) == #"{"n":2,"pin":1234,"code":"x"}"#)
  }

  @Test("A schema's default is nothing that somebody sets who does not see the field")
  func hiddenDefault() throws {
    let there = document(#"{"n":1,"pin":1234}"#)
    let bob = try access(
      user("bob"),
      [
        "rules": ["read": "true", "update": "true"], "fieldRules": ["pin": ["read": "false", "write": "false"]],
        "schema": ["properties": ["pin": ["default": 0], "n": ["default": 7]]],
      ])
    #expect(try stored(bob.put(id: "d", body: body("{}"), condition: .none).decision(there, "d", now)) == #"{"n":7,"pin":1234}"#)
  }

  @Test("Names that Unicode calls alike are two names")
  func canonicalNames() throws {
    let configuration: JSONValue = ["rules": ["read": "true", "update": "true"], "fieldRules": ["caf\u{e9}": ["read": "false"]]]
    let there = document("{\"caf\u{e9}\":1,\"n\":1}")
    let write = try access(user("bob"), configuration).patch(id: "d", condition: .none, .merge(Array("{\"n\":1,\"cafe\u{301}\":2}".utf8)))
    let body = try #require(try stored(write.decision(there, "d", now)))
    #expect(body.utf8.elementsEqual("{\"caf\u{e9}\":1,\"n\":1,\"cafe\u{301}\":2}".utf8), "\(body)")
  }

  @Test("The size of what is hidden is not told, and does not grow without end")
  func sizes() throws {
    let configuration: JSONValue = ["rules": ["read": "true"], "fieldRules": ["vip": ["read": "false"]]]
    let large = String(repeating: "x", count: Limits.documentBytesMax - 12)
    for vip in ["true", "false", "\"\(String(repeating: "y", count: 5000))\""] {
      let write = try access(user("bob"), configuration).patch(id: "d", condition: .none, .merge(Array("{\"p\":\"\(large)\"}".utf8)))
      #expect(refusal { try write.decision(document("{\"vip\":\(vip)}"), "d", now) }?.code == .forbidden)
    }
    let open: JSONValue = [
      "rules": ["read": "true", "update": "true"], "fieldRules": ["a": ["read": "false"], "b": ["read": "false"], "c": ["read": "false"]],
    ]
    let megabyte = "\"\(String(repeating: "x", count: Limits.documentBytesMax - 100))\""
    let there = document("{\"a\":\(megabyte),\"b\":\(megabyte)}")
    #expect(
      refusal { try access(user("bob"), open).put(id: "d", body: body("{\"c\":\(megabyte)}"), condition: .none).decision(there, "d", now) }?.code
        == .payloadTooLarge)
  }

  @Test("Putting over a hidden document is answered like putting where there is none")
  func hiddenDocument() throws {
    let configuration: JSONValue = ["rules": ["read": "false", "update": "true == false"]]
    for caller in [Caller.anonymous, user("bob")] {
      let put = try access(caller, configuration).put(id: "d", body: body("{}"), condition: .none)
      let codes = [refusal { try put.decision(document("{}"), "d", now) }?.code, refusal { try put.decision(nil, "d", now) }?.code]
      #expect(codes[0] == codes[1] && codes[0] == (caller.isAnonymous ? .unauthenticated : .forbidden))
    }
  }

  @Test("A field's write rule is asked whenever its value changes, and only then")
  func writing() throws {
    let there = document(#"{"owner":"ada","role":"user"}"#)
    let ada = try access(user("ada"), open)
    #expect(refusal { try ada.put(id: "d", body: body(#"{"role":"user","n":1}"#), condition: .none).decision(there, "d", now) } == nil)
    for text in [#"{"role":"admin"}"#, "{}", #"{"role":null}"#] {
      let error = refusal { try ada.put(id: "d", body: body(text), condition: .none).decision(there, "d", now) }
      #expect(error?.code == .forbidden && error?.fields.first?.pointer == "/role", "\(text)")
    }
    #expect(refusal { try ada.create(id: nil, body: body(#"{"role":"x"}"#)).decision(nil, "d", now) }?.code == .forbidden)
    #expect(refusal { try ada.create(id: nil, body: body(#"{"n":1}"#)).decision(nil, "d", now) } == nil)
    #expect(refusal { try access(admin, open).create(id: nil, body: body(#"{"role":"x"}"#)).decision(nil, "d", now) } == nil)
  }

  @Test("A field that is sometimes hidden orders nothing, but for admins")
  func sorting() throws {
    #expect(throws: RoostError.self) { try access(user("ada"), open).requireSortable(SortKey.parse("n,-email")) }
    #expect(throws: RoostError.self) { try access(user("ada"), open).requireSortable(SortKey.parse("email.domain")) }
    try access(user("ada"), open).requireSortable(SortKey.parse("n,role"))
    try access(admin, open).requireSortable(SortKey.parse("email"))
  }

  @Test("Rules of every kind look up other documents, each once for a request")
  func lookups() throws {
    let member = #"auth.id in lookup("teams", team).members"#
    let owner = #"lookup("teams", team).owner == auth.id"#
    let configuration: JSONValue = [
      "rules": [
        "read": .string(member), "create": #"lookup("teams", incoming.team) != null && auth.id in lookup("teams", incoming.team).members"#,
        "update": .string(member), "delete": .string(owner),
      ]
    ]
    let there = document(#"{"team":"red"}"#)
    let lost = document(#"{"team":"blue"}"#)
    for (name, reads, deletes) in [("ada", true, true), ("bob", true, false), ("eve", false, false)] {
      let access = try access(user(name), configuration)
      #expect(try (access.view(of: there, RuleLookups(reader)) != nil) == reads)
      #expect(try access.view(of: lost, RuleLookups(reader)) == nil)
      #expect((refusal { try access.create(id: nil, body: body(#"{"team":"red"}"#)).decision(nil, "d", now, reader: reader) } == nil) == reads)
      #expect((refusal { try access.delete(id: "d", condition: .none).decision(there, "d", now, reader: reader) } == nil) == deletes)
      #expect(refusal { try access.create(id: nil, body: body(#"{"team":"none"}"#)).decision(nil, "d", now, reader: reader) }?.code == .forbidden)
    }
    let counting = MemoryReader(["teams": ["red": #"{"owner":"ada","members":["ada"]}"#]])
    _ = try access(user("ada"), configuration).create(id: nil, body: body(#"{"team":"red"}"#)).decision(nil, "d", now, reader: counting)
    #expect(counting.reads == 1)
  }

  @Test("If a document cannot be read, nothing is decided")
  func unreadable() throws {
    struct Broken: Error {}
    let broken = MemoryReader(failing: Broken())
    let configuration: JSONValue = [
      "rules": ["read": #"lookup("teams", team) == null || has(document.team)"#, "delete": #"true || lookup("teams", team) == null"#]
    ]
    let access = try access(user("ada"), configuration)
    #expect(throws: Broken.self) { try access.view(of: document(#"{"team":"red"}"#), RuleLookups(broken)) }
    // What is decided before anything is looked up stays decided.
    _ = try access.delete(id: "d", condition: .none).decision(document(#"{"team":"red"}"#), "d", now, reader: broken)
  }

  @Test(
    "What is wrong with a configuration is named with its place",
    arguments: [
      (["fieldRules": ["id": ["read": "true"]]], "/fieldRules/id"), (["fieldRules": ["a": "true"]], "/fieldRules/a"),
      (["fieldRules": ["a/b": ["delete": "true"]]], "/fieldRules/a~1b/delete"), (["fieldRules": ["a": ["read": "auth.idd == 1"]]], "/fieldRules/a/read"),
      (["fieldRules": ["a": ["read": 1]]], "/fieldRules/a/read"), (["rules": ["read": "lookup(team, \"x\") == null"]], "/rules/read"),
      (["rules": ["read": "incoming.a == 1 || request.methd == \"GET\""]], "/rules/read"),
      (["rules": ["update": "auth.roles == 1 && auth.rolle == 1"]], "/rules/update"),
    ] as [(JSONValue, String)])
  func badConfiguration(value: JSONValue, pointer: String) {
    do {
      _ = try CollectionConfiguration(name: "posts", value: value)
      Issue.record("was taken")
    } catch {
      #expect((error as? RoostError)?.fields.first?.pointer == pointer, "\(error)")
    }
  }

  @Test("A caller's own filter looks nothing up")
  func filters() {
    #expect(throws: RoostError.self) { try ExpressionKind.filter.compile(#"lookup("users", id).email == "x""#, pointer: "/filter") }
    #expect(throws: RoostError.self) { try ExpressionKind.triggerCondition.compile(#"lookup("users", id) == null"#, pointer: "/where") }
  }
}
