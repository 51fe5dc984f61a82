import CEL
import Core
import JSON
import TestKit
import Testing

@Suite("References between documents")
struct ReferenceTests {
  private static func collection(_ name: String, number: Int64, properties: JSONValue, read: String = "true") throws -> Collection {
    Collection(
      try CollectionConfiguration(name: name, value: ["rules": ["read": .string(read)], "schema": ["properties": properties]]), number: number,
      created: Timestamp(milliseconds: 0), updated: Timestamp(milliseconds: 0))
  }

  private static func access(_ collection: Collection) -> DocumentAccess {
    DocumentAccess(
      collection: collection, caller: .anonymous, variables: RuleVariables(caller: .anonymous, request: RuleRequest(time: Timestamp(milliseconds: 0))))
  }

  @Test("A list reads each document that it refers to once, hidden ones and missing ones too")
  func once() throws {
    let users = try Self.collection("people", number: 1, properties: [:], read: "!secret")
    let posts = try Self.collection(
      "posts", number: 2, properties: ["author": ["x-collection": "people"], "likes": ["items": ["x-collection": "people"]]])
    let reader = MemoryReader(["people": ["a": #"{"secret":false}"#, "b": #"{"secret":true}"#]])
    let expansion = try Expansion(parsing: "author,likes", of: posts) { name in name == "people" ? Self.access(users) : nil }
    let references = ReferenceReader(reader) { false }
    for _ in 0..<50 {
      let post = DocumentRecord(
        id: "p", version: 1, created: Timestamp(milliseconds: 0), updated: Timestamp(milliseconds: 0),
        body: Array(#"{"author":"a","likes":["a","b","c","no id!","a",5]}"#.utf8))
      let answer = try JSONValue(parsing: try references.references(of: post, expansion).appended(to: post))
      #expect(answer["expand"]?["author"]?["id"] == "a")
      #expect(answer["expand"]?["likes"]?.arrayValue?.compactMap { $0["id"] } == ["a"])
    }
    #expect(reader.reads == 3)
  }

  @Test("The schema's references are found in properties, items and behind $ref")
  func schema() throws {
    let collection = try Self.collection(
      "things", number: 1,
      properties: [
        "a": ["type": "string", "x-collection": "x"], "b": ["type": "array", "items": ["x-collection": "y"]],
        "c": ["properties": ["d": ["x-collection": "z"]]], "e": ["$ref": "#/properties/a"],
        "g": ["$ref": "#/properties/c"],
      ])
    let found = (collection.schema?.references ?? []).map { "\($0.path.joined(separator: "."))\($0.isList ? "[]" : "")=\($0.collection)" }
    #expect(found == ["a=x", "b[]=y", "c.d=z", "e=x", "g.d=z"])
  }

  @Test("A schema that holds itself is followed once")
  func recursion() throws {
    let deep = try Self.collection(
      "things", number: 1,
      properties: [
        "b": ["x-collection": "things"],
        "c": ["properties": ["d": ["$ref": "#"], "x": ["x-collection": "things"], "e": ["$ref": "#/properties/c"], "f": ["$ref": "#/properties/c"]]],
      ])
    #expect(deep.schema?.references.map { $0.path.joined(separator: ".") } == ["b", "c.x"])
  }
}
