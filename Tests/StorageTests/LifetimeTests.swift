import Core
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("Documents that expire")
struct LifetimeTests {
  private func collection(_ text: String, name: String = "things", in store: TestStorage) async throws -> Collection {
    try await store.project.configuration.put(CollectionConfiguration(name: name, value: JSONValue(parsing: text)), at: store.clock.now()).0
  }

  private func sweep(_ collections: Collection..., in store: TestStorage) async throws -> LifetimePortion {
    try await store.documents.removeOverdue(in: collections, at: store.clock.now())
  }

  private func rows(_ table: String, in store: TestStorage) async throws -> Int64 {
    let database = try Database.open(path: store.data.projectPath("default") + "/roost.db", role: .scanner)
    return try database.first("SELECT count(*) FROM \(table)") { $0.int(0) } ?? -1
  }

  @Test("Nothing goes a millisecond early, and nothing stays once it is looked at")
  func onTime() async throws {
    let store = try await TestStorage()
    let things = try await collection(#"{"ttl":{"field":"until"}}"#, in: store)
    let now = store.clock.now()
    try await store.create(["until": .string((now + .milliseconds(5)).text)], id: "five", in: things)
    try await store.create(text: #"{"until":"\#((now + .milliseconds(5)).text.dropLast())0001Z"}"#, id: "later", in: things)
    store.clock.advance(by: .milliseconds(4))
    #expect(try await sweep(things, in: store).expired == 0)
    store.clock.advance(by: .milliseconds(1))
    #expect(try await sweep(things, in: store).expired == 1)
    #expect(try await store.documents.get("five", in: things) == nil)
    #expect(try await store.documents.get("later", in: things) != nil)
    store.clock.advance(by: .milliseconds(1))
    #expect(try await sweep(things, in: store).expired == 1)
    let last = try #require(try await store.events().last)
    #expect(last.action == .deleted && last.subject == "later" && last.auth == EventActor.timeToLive.auth && last.before != nil)
  }

  @Test("A field's moment counts, whatever zone it is written in; what is no time never comes")
  func zones() {
    let ttl = TimeToLive(path: ["a", "until"], afterSeconds: 60)
    func due(_ value: String) -> Int64? {
      let now = Timestamp(milliseconds: 0)
      return ttl.due(DocumentRecord(id: "x", version: 1, created: now, updated: now, body: Array(#"{"b":{"until":1},"a":{"until":\#(value)}}"#.utf8)))?
        .milliseconds
    }
    let wanted: Int64 = 1_767_207_600_000 + 60_000
    for text in [
      "2025-12-31T19:00:00Z", "2026-01-01T00:00:00+05:00", "2025-12-31T19:00:00.000-00:00", "2025-12-31t19:00:00z", "2025-12-31T07:30:00-11:30",
      "2025-12-31T18:59:59.9999999Z", "2025-12-31T19:00:00\\u005a",
    ] {
      #expect(due("\"\(text)\"") == wanted, "\(text)")
    }
    for value in [
      "\"2025-12-31\"", "\"2025-12-31T19:00:00\"", "\"2025-12-31 19:00:00Z\"", "\"2025-12-31T24:00:00Z\"", "\"2025-02-29T19:00:00Z\"", "\"\"", "1767207600",
      "1767207600000", "null", "true", "[]", "{\"until\":\"2025-12-31T19:00:00Z\"}", "\" 2025-12-31T19:00:00Z\"",
    ] {
      #expect(due(value) == nil, "\(value)")
    }
    let end: Int64 = 253_402_300_800_000 + 60_000
    #expect(due("\"9999-12-31T23:59:59.999999999Z\"") == end)
  }

  @Test("Whatever is written, the table of times holds a row for each document that expires, and no other")
  func tableAgrees() async throws {
    let store = try await TestStorage()
    var random = SeededRandom(seed: .random(in: 0 ... .max))
    let seed = random.seed
    let things = try await collection(#"{"ttl":{"field":"until"},"history":true}"#, in: store)
    let start = store.clock.now()
    for _ in 0..<600 {
      let id = "d\(Int.random(in: 0..<40, using: &random))"
      let until = (start + .seconds(Int.random(in: 0..<600, using: &random))).text
      switch Int.random(in: 0..<10, using: &random) {
      case 0: _ = try await store.documents.write(.deleting(id, in: things))
      case 1: _ = try await store.documents.write(.storing(#"{"until":"soon"}"#, id: id, in: things))
      case 2: _ = try await store.documents.write(DocumentWrite(collection: things, id: id, actor: .nobody) { _ in .purge })
      case 3: _ = try await sweep(things, in: store)
      case 4:
        // Together with one that fails: nothing of both may stay.
        let failing = DocumentWrite(collection: things, id: "x", actor: .nobody) { _ in throw RoostError(.conflict, "") }
        let writes: [DocumentWrite] = [.storing(#"{"until":"\#(until)"}"#, id: id, in: things), failing]
        #expect(await code { _ = try await self.write(writes, in: store) } == .conflict)
      default: _ = try await store.documents.write(.storing(#"{"until":"\#(until)"}"#, id: id, in: things))
      }
      store.clock.advance(by: .seconds(Int.random(in: 0..<2, using: &random)))
    }
    let documents = try await store.page(in: things).items
    let ttl = try #require(things.timeToLive)
    let expected = documents.filter { ttl.due($0) != nil }
    #expect(try await rows("expiries_\(things.number)", in: store) == Int64(expected.count), "seed \(seed)")
    let now = store.clock.now()
    #expect(try await sweep(things, in: store).expired == expected.filter { (ttl.due($0) ?? now) <= now }.count, "seed \(seed)")
    #expect(try await store.page(in: things).items == documents.filter { ttl.due($0).map { $0 > now } ?? true }, "seed \(seed)")
  }

  private func write(_ writes: [DocumentWrite], in store: TestStorage) async throws -> [DocumentOutcome] {
    try await withCheckedThrowingContinuation { continuation in store.documents.write(writes) { continuation.resume(with: $0) } }
  }

  @Test("Documents that are there already are filled in by portions, while others are written; a restart goes on")
  func filling() async throws {
    let folder = TestFolder()
    var store: TestStorage? = try await TestStorage(folder: folder)
    do {
      let store = try #require(store)
      let things = try await collection("{}", in: store)
      let past = (store.clock.now() - Timestamp(milliseconds: 0)).milliseconds - 1000
      for number in 0..<(Limits.lifetimePortion * 2 + 50) {
        let until = number % 5 == 0 ? "never" : Timestamp(milliseconds: past).text
        try await store.create(["until": .string(until), "n": .int(Int64(number))], in: things)
      }
      let expiring = try await collection(#"{"ttl":{"field":"until"}}"#, in: store)
      let first = try await store.documents.removeOverdue(in: expiring, at: store.clock.now())
      #expect(first.hasMore && first.expired == Limits.lifetimePortion * 4 / 5)
      try await store.create(["until": .string(Timestamp(milliseconds: past).text)], id: "0-written-meanwhile", in: expiring)
      await store.storage.close()
    }
    store = nil
    let again = try await TestStorage(folder: folder)
    let things = try again.project.collection("things")
    #expect(try await sweep(things, in: again).hasMore == false)
    let left = try await again.page(in: things).items
    #expect(left.count == Limits.lifetimePortion * 2 / 5 + 10)
    #expect(try await rows("expiries_\(things.number)", in: again) == 0)
    await again.storage.close()
  }

  @Test("One commit removes no more than a portion, and large documents count by their bytes")
  func portions() async throws {
    let store = try await TestStorage()
    let things = try await collection(#"{"ttl":{"field":"createdAt","afterSeconds":1}}"#, in: store)
    for _ in 0..<(Limits.lifetimePortion + 1) { try await store.create(["n": 1], in: things) }
    store.clock.advance(by: .seconds(1))
    let first = try await store.documents.removeOverdue(in: things, at: store.clock.now())
    #expect(first.expired == Limits.lifetimePortion && first.hasMore)
    let second = try await store.documents.removeOverdue(in: things, at: store.clock.now())
    #expect(second.expired == 1 && !second.hasMore)
    let text = #"{"text":"\#(String(repeating: "x", count: 1_000_000))"}"#
    for _ in 0..<8 { try await store.create(text: text, in: things) }
    store.clock.advance(by: .seconds(1))
    let large = try await store.documents.removeOverdue(in: things, at: store.clock.now())
    #expect(large.expired == 5 && large.hasMore)
    #expect(try await sweep(things, in: store).expired == 3)
  }

  @Test("Another setting counts at once, none leaves nothing behind, and a deleted collection takes its tables with it")
  func settings() async throws {
    let store = try await TestStorage()
    var things = try await collection(#"{"ttl":{"field":"updatedAt","afterSeconds":10},"history":true}"#, in: store)
    try await store.create(["a": 1], id: "x", in: things)
    things = try await collection(#"{"ttl":{"field":"updatedAt","afterSeconds":5},"history":true}"#, in: store)
    store.clock.advance(by: .seconds(5))
    // A caller who looked the collection up before still writes by the new setting.
    #expect(try await sweep(things, in: store).expired == 1)
    things = try await collection(#"{"history":true}"#, in: store)
    #expect(await code { _ = try await self.rows("expiries_\(things.number)", in: store) } == nil)
    #expect(try await sweep(things, in: store).expired == 0)
    #expect(try await rows("history_\(things.number)", in: store) == 2)
    #expect(try await store.project.configuration.deleteCollection("things"))
    #expect(try await rows("sqlite_schema WHERE tbl_name IN ('history_\(things.number)', 'expiries_\(things.number)')", in: store) == 0)
    #expect(try await rows("histories", in: store) == 0)
    #expect(try await rows("expiries", in: store) == 0)
  }
}
