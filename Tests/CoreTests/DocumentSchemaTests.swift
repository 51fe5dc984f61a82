import CEL
import Core
import JSON
import TestKit
import Testing

@Suite("A collection's schema")
struct DocumentSchemaTests {
  private let now = Timestamp(milliseconds: 1_700_000_000_000)
  private let ada = Caller.user(UserIdentity(id: "ada", email: "ada@x.org", emailVerified: false, roles: [], sessionID: "s"))
  private let admin = Caller.admin(id: "root", email: "root@x.org")

  private func access(_ caller: Caller, _ configuration: JSONValue, name: String = "posts") throws -> DocumentAccess {
    let configuration = try CollectionConfiguration(name: name, value: configuration)
    return DocumentAccess(
      collection: Collection(configuration, number: 1, created: now, updated: now), caller: caller,
      variables: RuleVariables(caller: caller, request: RuleRequest(time: now)))
  }

  private let posts: JSONValue = [
    "schema": [
      "type": "object", "required": ["title"], "additionalProperties": false,
      "properties": [
        "title": ["type": "string", "minLength": 1], "likes": ["type": "integer", "default": 0], "owner": ["type": "string"], "secret": ["type": "string"],
      ],
    ],
    "rules": ["read": "true", "create": "incoming.likes == 0 && incoming.owner == auth.id", "update": "owner == auth.id"],
    "fieldRules": ["secret": ["read": "false"]],
  ]

  private func body(_ json: String) throws -> DocumentBody { try DocumentBody(Array(json.utf8)) }

  private func document(_ json: String) -> DocumentRecord { DocumentRecord(id: "d", version: 1, created: now, updated: now, body: Array(json.utf8)) }

  private func pointers(_ work: () throws -> DocumentDecision) throws -> [String]? {
    do {
      _ = try work()
      return nil
    } catch let error as RoostError { return error.code == .validationFailed ? error.fields.map(\.pointer).sorted() : [error.code.rawValue] }
  }

  @Test("Defaults are there before the rules look, and are stored")
  func defaults() throws {
    let decision = try access(ada, posts).create(id: nil, body: body(#"{"title":"a","owner":"ada"}"#)).decision(nil, "d", now)
    guard case .store(let stored) = decision else { return #expect(Bool(false), "nothing was stored") }
    #expect(try JSONValue(parsing: stored)["likes"] == 0)
  }

  @Test("What does not fit is refused with each place, but only to those who may write; also to admins")
  func refusals() throws {
    #expect(
      try pointers { try access(ada, posts).create(id: nil, body: body(#"{"owner":"ada","title":"","x":1}"#)).decision(nil, "d", now) } == ["/title", "/x"])
    #expect(try pointers { try access(ada, posts).create(id: nil, body: body(#"{"owner":"bob","title":""}"#)).decision(nil, "d", now) } == ["forbidden"])
    #expect(try pointers { try access(admin, posts).create(id: nil, body: body("{}")).decision(nil, "d", now) } == ["/title"])
    let there = document(#"{"title":"a","likes":1,"owner":"ada"}"#)
    #expect(
      try pointers { try access(ada, posts).put(id: "d", body: body(#"{"likes":"many"}"#), condition: .none).decision(there, "d", now) } == [
        "/likes", "/title",
      ])
    let patch = try access(ada, posts).patch(id: "d", condition: .none, .merge(Array(#"{"likes":1.5,"title":"a"}"#.utf8)))
    #expect(try pointers { try patch.decision(there, "d", now) } == ["/likes"])
  }

  @Test("Nothing is told of a hidden field that does not fit any more")
  func hidden() throws {
    let there = document(#"{"title":"a","owner":"ada","secret":5}"#)
    #expect(
      try pointers { try access(ada, posts).put(id: "d", body: body(#"{"title":"b","owner":"ada"}"#), condition: .none).decision(there, "d", now) } == nil)
  }

  @Test("Who sets a hidden field must fit the schema, and is told nothing of the others")
  func settingHidden() throws {
    let configuration: JSONValue = [
      "schema": [
        "maxProperties": 4, "properties": ["email": ["type": "string", "maxLength": 5], "n": true],
        "if": ["properties": ["email": ["pattern": "^a"]], "required": ["email"]],
        "then": ["properties": ["n": ["maximum": 10]]],
      ],
      "rules": ["read": "true", "update": "true"], "fieldRules": ["email": ["read": "false"], "a": ["read": "false"], "b": ["read": "false"]],
    ]
    let there = document(#"{"email":"abc","a":1,"b":2}"#)
    #expect(try pointers { try access(ada, configuration).put(id: "d", body: body(#"{"email":5}"#), condition: .none).decision(there, "d", now) } == ["/email"])
    func message(of json: String) throws -> String? {
      do {
        _ = try access(ada, configuration).put(id: "d", body: body(json), condition: .none).decision(there, "d", now)
        return nil
      } catch let error as RoostError { return error.fields.map(\.detail).joined() }
    }
    #expect(try message(of: #"{"n":50}"#) == "does not fit")
    #expect(try message(of: #"{"n":1,"m":2,"o":3}"#) == "does not fit")
  }

  @Test("A small document cannot make a schema work for long")
  func bounded() throws {
    let schema: JSONValue = [
      "schema": [
        "$defs": [
          "n": ["anyOf": [["properties": ["c": ["$ref": "#/$defs/n"]], "required": ["z"]], ["properties": ["c": ["$ref": "#/$defs/n"]], "required": ["y"]]]]
        ],
        "$ref": "#/$defs/n",
      ],
      "rules": ["create": "true"],
    ]
    let nested = String(repeating: #"{"c":"#, count: 50) + "1" + String(repeating: "}", count: 50)
    let write = try access(ada, schema).create(id: nil, body: body(nested))
    #expect(try pointers { try write.decision(nil, "d", now) }?.isEmpty == false)
    let refused = try access(ada, ["schema": schema["schema"] ?? nil]).create(id: nil, body: body(nested))
    #expect(try pointers { try refused.decision(nil, "d", now) } == ["forbidden"])
  }

  @Test("The schema of the profiles need not name what the account says")
  func profiles() throws {
    let users: JSONValue = [
      "schema": ["additionalProperties": false, "properties": ["nick": ["type": "string"]]],
      "rules": ["read": #"email == auth.email && nick != """#, "update": "id == auth.id"],
    ]
    let there = document(#"{"email":"ada@x.org","emailVerified":false,"nick":"a"}"#)
    func change(to json: String) throws -> [String]? {
      let write = try access(admin, users, name: "users").put(id: "d", body: body(json), condition: .none)
      return try pointers { try write.decision(there, "d", now) }
    }
    #expect(try change(to: #"{"email":"ada@x.org","emailVerified":false,"nick":"b"}"#) == nil)
    #expect(try change(to: #"{"email":"ada@x.org","emailVerified":false,"nick":5}"#) == ["/nick"])
    #expect(throws: RoostError.self) { try access(ada, ["schema": ["additionalProperties": false], "rules": ["read": "nick == 1"]]) }
  }
}
