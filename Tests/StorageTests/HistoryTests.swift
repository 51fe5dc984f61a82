import Core
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("The history of documents")
struct HistoryTests {
  private func collection(_ text: String, in store: TestStorage) async throws -> Collection {
    try await store.project.configuration.put(CollectionConfiguration(name: "things", value: JSONValue(parsing: text)), at: store.clock.now()).0
  }

  private func versions(of id: String, in store: TestStorage) async throws -> [Int64] {
    try await store.documents.read { try $0.pastVersions(of: id, in: "things", before: nil, limit: 1000) ?? [] }.map(\.version)
  }

  private func put(_ id: String, _ n: Int64, in things: Collection, _ store: TestStorage) async throws {
    _ = try await store.documents.write(.storing(#"{"n":\#(n)}"#, id: id, in: things))
  }

  @Test("A bound of versions leaves the newest ones, of a deleted document those before the deletion")
  func bySize() async throws {
    let store = try await TestStorage()
    var things = try await collection(#"{"history":true}"#, in: store)
    for n in 1...500 { try await put(n % 2 == 0 ? "a" : "b", Int64(n), in: things, store) }
    _ = try await store.documents.write(.deleting("b", in: things))
    things = try await collection(#"{"history":{"versions":3}}"#, in: store)
    let first = try await store.documents.removeOverdue(in: things, at: store.clock.now())
    #expect(first.pruned > 0 && first.pruned <= Limits.lifetimePortion && first.hasMore)
    _ = try await store.documents.removeOverdue(in: [things], at: store.clock.now())
    #expect(try await versions(of: "a", in: store) == [250, 249, 248])
    #expect(try await versions(of: "b", in: store) == [251, 250, 249, 248])
    #expect(try await store.documents.removeOverdue(in: [things], at: store.clock.now()).pruned == 0)
    for n in 0..<5 { try await put("a", Int64(1000 + n), in: things, store) }
    #expect(try await store.documents.removeOverdue(in: [things], at: store.clock.now()).pruned == 5)
    #expect(try await versions(of: "a", in: store) == [255, 254, 253])
  }

  @Test("A bound of days counts from when a version was replaced: what was current within them can be restored")
  func byAge() async throws {
    let store = try await TestStorage()
    let day = Duration.seconds(86_400)
    let things = try await collection(#"{"history":{"days":10}}"#, in: store)
    try await put("a", 1, in: things, store)
    try await put("gone", 1, in: things, store)
    store.clock.advance(by: day * 100)
    try await put("a", 2, in: things, store)
    _ = try await store.documents.write(.deleting("gone", in: things))
    store.clock.advance(by: day * 10 + .milliseconds(-1))
    _ = try await store.documents.removeOverdue(in: [things], at: store.clock.now())
    #expect(try await versions(of: "a", in: store) == [2, 1], "the first was current until nearly ten days ago")
    #expect(try await versions(of: "gone", in: store) == [2, 1])
    store.clock.advance(by: .milliseconds(1))
    _ = try await store.documents.removeOverdue(in: [things], at: store.clock.now())
    #expect(try await versions(of: "a", in: store) == [2], "the current one stays, however old it is")
    #expect(try await versions(of: "gone", in: store) == [])
    store.clock.advance(by: day * 1000)
    #expect(try await store.documents.removeOverdue(in: [things], at: store.clock.now()).pruned == 0)
    #expect(try await versions(of: "a", in: store) == [2])
  }

  @Test("A new bound looks at everything again, a changed other one does not start over")
  func changedBound() async throws {
    let store = try await TestStorage()
    var things = try await collection(#"{"history":{"versions":5}}"#, in: store)
    for n in 1...8 { try await put("a", Int64(n), in: things, store) }
    #expect(try await store.documents.removeOverdue(in: [things], at: store.clock.now()).pruned == 3)
    things = try await collection(#"{"history":{"versions":2}}"#, in: store)
    #expect(try await store.documents.removeOverdue(in: [things], at: store.clock.now()).pruned == 3)
    #expect(try await versions(of: "a", in: store) == [8, 7])
  }

  @Test("The writer keeps versions from the moment the history is on, also for callers who looked the collection up before")
  func staleCollection() async throws {
    let store = try await TestStorage()
    let before = try await collection("{}", in: store)
    try await put("a", 1, in: before, store)
    _ = try await collection(#"{"history":true}"#, in: store)
    try await put("a", 2, in: before, store)
    _ = try await store.documents.write(.deleting("a", in: before))
    #expect(try await versions(of: "a", in: store) == [3, 2, 1])
    _ = try await collection(#"{"history":false}"#, in: store)
    try await put("a", 3, in: before, store)
    try await put("a", 4, in: before, store)
    #expect(try await versions(of: "a", in: store) == [3, 2, 1])
    #expect(try await store.documents.get("a", in: before)?.version == 5)
  }

  @Test("What fails leaves no version: neither a refused write nor a batch that is undone")
  func undone() async throws {
    let store = try await TestStorage()
    let things = try await collection(#"{"history":true,"indexes":[{"fields":["n"],"unique":true}]}"#, in: store)
    try await put("a", 1, in: things, store)
    try await put("b", 2, in: things, store)
    #expect(await code { try await self.put("b", 1, in: things, store) } == .conflict)
    let writes: [DocumentWrite] = [
      .storing(#"{"n":7}"#, id: "a", in: things), .deleting("b", in: things), .storing(#"{"n":7}"#, id: "c", in: things),
    ]
    #expect(
      await code {
        _ = try await withCheckedThrowingContinuation { continuation in store.documents.write(writes) { continuation.resume(with: $0) } }
      } == .conflict)
    #expect(try await versions(of: "a", in: store) == [1])
    #expect(try await versions(of: "b", in: store) == [1])
    #expect(try await versions(of: "c", in: store) == [])
  }

  @Test("A configuration that is refused changes nothing of what is kept")
  func refusedConfiguration() async throws {
    let store = try await TestStorage()
    let things = try await collection("{}", in: store)
    try await put("a", 1, in: things, store)
    try await put("b", 1, in: things, store)
    #expect(await code { _ = try await self.collection(#"{"history":true,"indexes":[{"fields":["n"],"unique":true}]}"#, in: store) } == .conflict)
    try await put("a", 2, in: things, store)
    let kept = try await store.documents.read { try $0.pastVersions(of: "a", in: "things", before: nil, limit: 10) }
    #expect(kept == nil)
  }

  @Test("Any sequence of writes leaves, for each document, all of its versions and the newest as it stands")
  func agreement() async throws {
    let store = try await TestStorage()
    var random = SeededRandom(seed: .random(in: 0 ... .max))
    let seed = random.seed
    let things = try await collection(#"{"history":true}"#, in: store)
    for n in 0..<500 {
      let id = "d\(Int.random(in: 0..<20, using: &random))"
      switch Int.random(in: 0..<10, using: &random) {
      case 0, 1: _ = try await store.documents.write(.deleting(id, in: things))
      case 2:
        _ = try await store.documents.write(
          DocumentWrite(collection: things, id: id, actor: .nobody) { moment in
            guard let past = try moment.reader.pastVersions(of: id, in: "things", before: nil, limit: 9)?.last, let body = past.body else { return .keep }
            return .restore(body: body, created: past.created)
          })
      default: try await put(id, Int64(n), in: things, store)
      }
    }
    for number in 0..<20 {
      let id = "d\(number)"
      let past = try await store.documents.read { try $0.pastVersions(of: id, in: "things", before: nil, limit: 1000) ?? [] }
      #expect(past.map(\.version) == Array((1...Int64(past.count + 1)).dropLast().reversed()), "seed \(seed)")
      #expect(try await store.documents.get(id, in: things) == past.first?.document, "seed \(seed)")
    }
  }
}
