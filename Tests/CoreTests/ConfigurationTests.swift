import Core
import JSON
import Testing

@Suite("Configuration")
struct ConfigurationTests {
  @Test(
    "A collection that is wrong is refused with a pointer to the place",
    arguments: [
      (#"{"rules":{"read":"author =="}}"#, ErrorCode.expressionInvalid, "/rules/read"),
      (#"{"rules":{"reed":"true"}}"#, .validationFailed, "/rules/reed"),
      (#"{"rules":{"read":1}}"#, .validationFailed, "/rules/read"),
      (#"{"indexes":[{"fields":[]}]}"#, .validationFailed, "/indexes/0/fields"),
      (#"{"indexes":[{"fields":["a b"]}]}"#, .validationFailed, "/indexes/0/fields/0"), (#"{"nam":"x"}"#, .validationFailed, "/nam"),
      (#"{"name":"other"}"#, .validationFailed, "/name"), (#"{"ttl":{"field":"-until"}}"#, .validationFailed, "/ttl/field"),
      (#"{"schema":{"properties":{"a":{"type":"strng"}}}}"#, .validationFailed, "/schema/properties/a/type"),
      (#"{"schema":true}"#, .validationFailed, "/schema"),
      (#"{"schema":{"properties":{"n":{"type":"integer"}}},"rules":{"read":"n > \"3\""}}"#, .expressionInvalid, "/rules/read"),
      (#"{"indexes":[{"fields":["a"],"type":"vector"}]}"#, .notImplemented, "/indexes/0/type"),
      (#"{"rules":{"read":"\"text\""}}"#, .expressionInvalid, "/rules/read"),
    ] as [(String, ErrorCode, String)])
  func badCollections(json: String, code: ErrorCode, pointer: String) throws {
    let value = try JSONValue(parsing: json)
    do {
      _ = try CollectionConfiguration(name: "posts", value: value)
      Issue.record("accepted: \(json)")
    } catch let error as RoostError {
      #expect(error.code == code)
      #expect(error.fields.first?.pointer == pointer)
    }
  }

  @Test("Durations are shown as people write them")
  func durations() {
    let texts = ["10s": "10s", "10000ms": "10s", "1500ms": "1500ms", "60s": "1m", "90s": "90s", "24h": "24h", "1440m": "24h", "0s": "0ms", "3600000ms": "1h"]
    for (text, shown) in texts { #expect(Duration(configured: text)?.configured == shown) }
  }

  @Test(
    "Mistakes in triggers and retries have their place",
    arguments: [
      (#"{"triggers":[{"collection":"a"},{"collection":"a","event":"created"}]}"#, "/triggers/1/event"),
      (#"{"triggers":[{"collection":"a"},{"type":"before","collection":"a","timeout":"1h"}]}"#, "/triggers/1/timeout"),
      (#"{"triggers":[{"collection":"a","events":1}]}"#, "/triggers/0/events"), (#"{"retry":{"attempts":0}}"#, "/retry/attempts"),
      (#"{"retry":{"backof":"1s"}}"#, "/retry/backof"), (#"{"retry":{"maxAge":"0s"}}"#, "/retry/maxAge"),
    ])
  func placesInFunctions(json: String, pointer: String) throws {
    var object = try #require(JSONValue(parsing: json).objectValue)
    object["source"] = "export default () => {};"
    let error = #expect(throws: RoostError.self) { try FunctionDefinition(name: "f", value: .object(object)) }
    #expect(error?.fields.first?.pointer == pointer)
  }

  @Test("A sample of an event has a name that the trigger takes")
  func sampleName() {
    let sample = SampleEvent.make(for: ["type": "event", "name": "order.*"], function: "f", project: "p", at: Timestamp(milliseconds: 0))
    #expect(sample["type"] == "order.sample")
  }

  @Test("What GET answers can be PUT again")
  func roundTrip() throws {
    let value = try JSONValue(parsing: #"{"rules":{"read":"true"},"indexes":[{"fields":["room","-n"]},{"fields":["slug"],"unique":true}]}"#)
    let once = try CollectionConfiguration(name: "posts", value: value)
    #expect(try CollectionConfiguration(name: "posts", value: once.value).value == once.value)
    let bucket = try BucketConfiguration(name: "b", value: JSONValue(parsing: #"{"public":true,"maxSize":"2MB","types":["image/*"]}"#))
    #expect(bucket.sizeMax == 2 << 20)
    #expect(bucket.accepts(type: "image/png") && !bucket.accepts(type: "text/html"))
    #expect(try BucketConfiguration(name: "b", value: bucket.value).value == bucket.value)
  }

  @Test(
    "A function that is wrong is refused with a pointer",
    arguments: [
      (#"{"source":""}"#, ErrorCode.validationFailed, "/source"), (#"{"source":"x","timeout":"10"}"#, .validationFailed, "/timeout"),
      (#"{"source":"x","timeout":"0s"}"#, .validationFailed, "/timeout"),
      (#"{"source":"x","runtime":"cobol"}"#, .validationFailed, "/runtime"),
      (#"{"source":"x","triggers":[{"type":"document","collection":"c","events":["made"]}]}"#, .validationFailed, "/triggers/0/events/0"),
      (#"{"source":"x","triggers":[{"type":"document","events":["created"]}]}"#, .validationFailed, "/triggers/0/collection"),
      (#"{"source":"x","triggers":[{"collection":"c","where":"total >"}]}"#, .expressionInvalid, "/triggers/0/where"),
      (#"{"source":"x","env":{"ROOST_URL":"x"}}"#, .validationFailed, "/env/ROOST_URL"),
      (#"{"source":"x","memory":"1KB"}"#, .validationFailed, "/memory"),
    ] as [(String, ErrorCode, String)])
  func badFunctions(json: String, code: ErrorCode, pointer: String) throws {
    let value = try JSONValue(parsing: json)
    do {
      _ = try FunctionDefinition(name: "f", value: value)
      Issue.record("accepted: \(json)")
    } catch let error as RoostError {
      #expect(error.code == code)
      #expect(error.fields.first?.pointer == pointer)
    }
  }

  @Test("Triggers match by collection, action and condition")
  func triggers() throws {
    let value = try JSONValue(
      parsing: #"{"source":"x","triggers":[{"collection":"orders","events":["created","deleted"],"where":"total > 100"}]}"#)
    let trigger = try #require(try FunctionDefinition(name: "f", value: value).triggers.first)
    func event(_ action: LogEvent.Action, _ container: String, before: String? = nil, after: String? = nil) -> LogEvent {
      LogEvent(
        sequence: 1, time: Timestamp(milliseconds: 0), kind: .document, action: action, container: container, subject: "d",
        before: before.map { Array($0.utf8) },
        after: after.map { Array($0.utf8) }, auth: nil, depth: 0)
    }
    #expect(trigger.matches(event(.created, "orders", after: #"{"total":101}"#)))
    #expect(!trigger.matches(event(.created, "orders", after: #"{"total":100}"#)))
    #expect(!trigger.matches(event(.created, "orders", after: "{}")))
    #expect(!trigger.matches(event(.updated, "orders", before: "{}", after: #"{"total":101}"#)))
    #expect(!trigger.matches(event(.created, "other", after: #"{"total":101}"#)))
    #expect(trigger.matches(event(.deleted, "orders", before: #"{"total":200}"#)))
  }

  @Test(
    "File paths are names, never ways out",
    arguments: ["", "/a", "a/", "a//b", "..", "a/../b", ".", "a\\b", "a\u{0}", "a\nb", String(repeating: "x", count: 256)])
  func badPaths(path: String) {
    #expect(throws: RoostError.self) { try FilePath.require(path) }
  }

  @Test("Odd but honest names are fine", arguments: ["ä/ö ü.png", "a b", "..a", "a..b", "100%_sure", "日本/語.txt"])
  func goodPaths(path: String) {
    #expect(throws: Never.self) { try FilePath.require(path) }
  }
}
