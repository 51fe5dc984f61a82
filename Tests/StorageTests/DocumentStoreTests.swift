import Core
import JSON
import Synchronization
import TestKit
import Testing

@testable import Storage

@Suite("Documents at rest")
struct DocumentStoreTests {
  @Test("A created document has an id, version 1 and its time, and is read as it was written")
  func create() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let record = try await store.create(["a": 1, "b": ["c": nil]], in: things)
    #expect(Names.isValidID(record.id) && record.id.count == 36)
    #expect(record.version == 1 && record.created == store.clock.now() && record.updated == store.clock.now())
    #expect(String(decoding: record.body, as: UTF8.self) == #"{"a":1,"b":{"c":null}}"#)
    #expect(try await store.documents.get(record.id, in: things) == record)
    #expect(try await store.documents.get("other", in: things) == nil)
  }

  @Test("Ids that the store makes grow in commit order")
  func ordered() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    var last = ""
    for number in 0..<200 {
      let id = try await store.create(["n": .int(Int64(number))], in: things).id
      #expect(last < id)
      last = id
    }
  }

  @Test("A write sees the document as it is in its transaction, and replaces or deletes it")
  func update() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let first = try await store.create(["n": 1], id: "x", in: things)
    store.clock.advance(by: .seconds(5))
    let outcome = try await store.documents.write(
      DocumentWrite(collection: things, id: "x", actor: .nobody) { moment in
        #expect(moment.current == first && moment.id == "x" && moment.now == first.created + .seconds(5))
        return .store(body: Array(#"{"n":2}"#.utf8))
      })
    #expect(outcome.before == first)
    let second = try #require(outcome.after)
    #expect(second.version == 2 && second.created == first.created && second.updated == first.created + .seconds(5))
    #expect(try await store.documents.get("x", in: things) == second)
    let deleted = try await store.documents.write(.deleting("x", in: things))
    #expect(deleted.before == second && deleted.after == nil)
    #expect(try await store.documents.get("x", in: things) == nil)
    let nothing = try await store.documents.write(.deleting("x", in: things))
    #expect(nothing.before == nil && nothing.after == nil)
  }

  @Test("Every change is one event in the same order, and what changes nothing is none")
  func events() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let actor = EventActor(auth: Array(#"{"type":"user","id":"u"}"#.utf8), depth: 3)
    let first = try #require(try await store.documents.write(.storing(#"{"n":1}"#, id: "x", in: things, actor: actor)).after)
    _ = try await store.documents.write(DocumentWrite(collection: things, id: "x", actor: actor) { _ in .keep })
    let second = try #require(try await store.documents.write(.storing(#"{"n":2}"#, id: "x", in: things)).after)
    _ = try await store.documents.write(.deleting("x", in: things))
    _ = try await store.documents.write(.deleting("x", in: things))
    let events = try await store.events()
    #expect(events.map(\.action) == [.created, .updated, .deleted])
    #expect(events.map(\.sequence) == [1, 2, 3])
    #expect(events.allSatisfy { $0.kind == .document && $0.container == "things" && $0.subject == "x" })
    #expect(events[0].before == nil && events[0].after == first.json() && events[0].auth == actor.auth && events[0].depth == 3)
    #expect(events[1].before == first.json() && events[1].after == second.json() && events[1].auth == nil)
    #expect(events[2].before == second.json() && events[2].after == nil)
  }

  @Test("A refused decision leaves nothing behind, and its error comes out as it is")
  func refused() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    try await store.create(["n": 1], id: "x", in: things)
    let refused = await code {
      _ = try await store.documents.write(
        DocumentWrite(collection: things, id: "x", actor: .nobody) { _ in throw RoostError(.preconditionFailed, "no") })
    }
    #expect(refused == .preconditionFailed)
    #expect(try await store.events().count == 1)
  }

  @Test("Several writes are all done or none")
  func batch() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let write = { (writes: [DocumentWrite]) in
      try await withCheckedThrowingContinuation { continuation in store.documents.write(writes) { continuation.resume(with: $0) } }
    }
    let outcomes: [DocumentOutcome] = try await write([.storing(#"{"n":1}"#, id: "a", in: things), .storing(#"{"n":2}"#, id: "b", in: things)])
    #expect(outcomes.compactMap(\.after?.id) == ["a", "b"])
    let failed = await code {
      _ = try await write([
        .storing(#"{"n":9}"#, id: "a", in: things), .storing(#"{"n":9}"#, id: "c", in: things),
        DocumentWrite(collection: things, id: "b", actor: .nobody) { _ in throw RoostError(.conflict, "no") },
      ])
    }
    #expect(failed == .conflict)
    #expect(try await store.documents.get("a", in: things)?.version == 1)
    #expect(try await store.documents.get("c", in: things) == nil)
    #expect(try await store.events().map(\.sequence) == [1, 2])
    // The log goes on without a gap that anybody could see.
    try await store.create([:], in: things)
    #expect(try await store.events().map(\.sequence) == [1, 2, 3])
  }

  @Test("An id that could not stand in a path or in JSON is refused", arguments: ["", "a/b", "..", "a\"b", "ä", String(repeating: "x", count: 129)])
  func badID(id: String) async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    #expect(await code { try await store.create([:], id: id, in: things) } == .badRequest)
    #expect(try await store.events().isEmpty)
  }

  @Test("A second document with the same unique field is a conflict that names the field; missing fields do not count")
  func unique() async throws {
    let store = try await TestStorage()
    let things = try await store.collection(indexes: [["fields": ["slug"], "unique": true], ["fields": ["a", "b"], "unique": true]])
    try await store.create(["slug": "x"], id: "1", in: things)
    try await store.create(["other": 1], in: things)
    try await store.create(["slug": nil], in: things)
    try await store.create([:], in: things)
    do {
      try await store.create(["slug": "x"], in: things)
      Issue.record("a duplicate was stored")
    } catch let error as RoostError {
      #expect(error.code == .conflict && error.fields == [FieldError("/slug", "must be unique")])
    }
    // Writing the same document again is no conflict with itself.
    try await store.create(["slug": "x", "n": 1], id: "1", in: things)
    try await store.create(["a": 1, "b": 1], in: things)
    try await store.create(["a": 1], in: things)
    try await store.create(["b": 1], in: things)
    #expect(await code { try await store.create(["a": 1], in: things) } == .conflict)
    #expect(await code { try await store.create(["a": 1, "b": nil], in: things) } == .conflict)
    #expect(await code { try await store.create(["a": 1, "b": 1], in: things) } == .conflict)
    #expect(try await store.events().count == 8)
  }

  @Test("A collection that was deleted meanwhile is not found any more")
  func deletedCollection() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    try await store.create([:], id: "x", in: things)
    _ = try await store.documents.get("x", in: things)
    #expect(try await store.project.configuration.deleteCollection("things"))
    #expect(await code { try await store.create([:], in: things) } == .collectionNotFound)
    #expect(await code { _ = try await store.documents.get("x", in: things) } == .collectionNotFound)
    #expect(await code { _ = try await store.page(in: things) } == .collectionNotFound)
    // A new one of the same name has nothing of the old.
    let again = try await store.collection()
    #expect(again.number > things.number)
    #expect(try await store.page(in: again).items.isEmpty)
  }

  @Test("Keys are stored in their shortest form, values keep their text")
  func keys() async throws {
    let store = try await TestStorage()
    let things = try await store.collection(indexes: [["fields": ["room"]]])
    let record = try await store.create(text: #"{"r\u006fom":"\u0061\\","a\"b":{"\u0063":1.50},"n":12345678901234567890}"#, in: things)
    #expect(String(decoding: record.body, as: UTF8.self) == #"{"room":"\u0061\\","a\"b":{"c":1.50},"n":12345678901234567890}"#)
    #expect(try await store.page(#"room == "a\\""#, in: things).items.map(\.id) == [record.id])
  }

  @Test("On its lane a read sees every write that was acknowledged, also within one tick")
  func readYourWrites() async throws {
    let releases = Mutex<[@Sendable () -> Void]>([])
    let store = try await TestStorage(endOfTick: { _, release in releases.withLock { $0.append(release) } })
    let things = try await store.collection()
    // The lane belongs to the first thread that reads on it.
    let finished = Latch(count: 1)
    let outcome = Mutex<[Int64?]>([])
    let written = Latch(count: 1)
    let documents = store.documents
    WorkerThread.start(name: "lane") {
      let read = { (id: String) -> Int64? in
        let found = Mutex<Int64?>(nil)
        documents.get(id, in: things, lane: 0) { result in found.withLock { $0 = (try? result.get())?.version } }
        return found.withLock { $0 }
      }
      outcome.withLock { $0.append(read("x")) }
      let semaphore = WorkQueue<Bool>(itemsMax: 1)
      documents.write([.storing("{}", id: "x", in: things)]) { _ in _ = semaphore.push(true) }
      _ = semaphore.take(most: 1)
      outcome.withLock { $0.append(read("x")) }
      documents.write([.storing("{}", id: "x", in: things)]) { _ in _ = semaphore.push(true) }
      _ = semaphore.take(most: 1)
      outcome.withLock { $0.append(read("x")) }
      for release in releases.withLock({ $0 }) { release() }
      written.countDown()
      finished.countDown()
    }
    await finished.wait()
    #expect(outcome.withLock { $0 } == [nil, 1, 2])
    #expect(releases.withLock { $0.count } == 1)
    // Another thread is served too, by the pool.
    #expect(
      try await withCheckedThrowingContinuation { continuation in documents.get("x", in: things, lane: 0) { continuation.resume(with: $0) } }?.version == 2)
  }

  @Test("A batch that would leave more than its bound is refused as a whole")
  func batchBound() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let text = "{\"a\":\"\(String(repeating: "x", count: 1_000_000))\"}"
    let writes = (0..<20).map { _ in DocumentWrite.storing(text, in: things) }
    let result = try? await withCheckedThrowingContinuation { continuation in
      store.documents.write(writes) { continuation.resume(with: $0) }
    }
    #expect(result == nil)
    #expect(try await store.page(in: things).items.isEmpty)
  }
}
