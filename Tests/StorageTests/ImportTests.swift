import Core
import JSON
import Synchronization
import TestKit
import Testing

@testable import Storage

@Suite("Imports and slices")
struct ImportTests {
  private func imported(_ writes: [DocumentWrite], _ store: TestStorage, isTrial: Bool = false, stops: Bool = false) async throws -> [String] {
    let control = ImportControl(isTrial: isTrial, stopsAtError: stops)
    return try await withCheckedThrowingContinuation { continuation in
      store.documents.importDocuments(writes, control) { continuation.resume(with: $0.map { $0.map(Self.word) }) }
    }
  }

  private static func word(_ outcome: ImportOutcome) -> String {
    switch outcome {
    case .created: "created"
    case .replaced: "replaced"
    case .unchanged: "unchanged"
    case .failed(let error): error.code.rawValue
    }
  }

  private func denying(_ collection: Collection) -> DocumentWrite {
    DocumentWrite(collection: collection, id: "denied", actor: .nobody) { _ in throw RoostError(.forbidden, "no") }
  }

  @Test("Each document stands or falls alone, in one commit and in order")
  func alone() async throws {
    let store = try await TestStorage()
    let things = try await store.collection(indexes: [["fields": ["slug"], "unique": true]])
    let writes: [DocumentWrite] = [
      .storing(#"{"slug":1}"#, id: "a", in: things), denying(things), .storing(#"{"slug":1}"#, id: "b", in: things), .storing("{}", id: "c c", in: things),
      .storing(#"{"slug":2}"#, id: "a", in: things), .storing(#"{"slug":1}"#, in: things),
      DocumentWrite(collection: things, id: "a", actor: .nobody) { _ in .keep },
    ]
    #expect(try await imported(writes, store) == ["created", "forbidden", "conflict", "bad_request", "replaced", "created", "unchanged"])
    let events = try await store.events()
    #expect(events.map(\.sequence) == [1, 2, 3] && events.map(\.subject).prefix(2) == ["a", "a"])
    #expect(try await store.documents.get("a", in: things)?.version == 2)
    #expect(try await store.documents.get("b", in: things) == nil)
  }

  @Test("It stops at the first error where it is told to, also in the portions behind")
  func stops() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let control = ImportControl(isTrial: false, stopsAtError: true)
    let answers = Mutex<[Int]>([])
    await withCheckedContinuation { continuation in
      for number in 0..<3 {
        let writes: [DocumentWrite] = [.storing("{}", id: "x\(number)", in: things), denying(things), .storing("{}", id: "y\(number)", in: things)]
        store.documents.importDocuments(writes, control) { result in
          answers.withLock { $0.append((try? result.get().count) ?? -1) }
          if number == 2 { continuation.resume() }
        }
      }
    }
    #expect(answers.withLock(\.self) == [2, 0, 0])
    #expect(try await store.page(in: things).items.map(\.id) == ["x0"])
  }

  @Test("A trial leaves neither documents nor events")
  func trial() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    try await store.create([:], id: "there", in: things)
    let writes: [DocumentWrite] = [.storing("{}", id: "new", in: things), .storing(#"{"n":1}"#, id: "there", in: things), denying(things)]
    #expect(try await imported(writes, store, isTrial: true) == ["created", "replaced", "forbidden"])
    #expect(try await store.page(in: things).items.map(\.version) == [1])
    try await store.create([:], in: things)
    #expect(try await store.events().map(\.sequence) == [1, 2])
  }

  @Test("An import into a collection that is gone fails as a whole")
  func gone() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    _ = try await store.project.configuration.deleteCollection("things")
    #expect(await code { _ = try await imported([.storing("{}", id: "a", in: things)], store) } == .collectionNotFound)
    #expect(await code { _ = try await store.documents.slice(everything, in: things, after: nil) } == .collectionNotFound)
  }

  @Test("A new document may bring its times along")
  func times() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let times = DocumentTimes(created: Timestamp(milliseconds: 1000), updated: Timestamp(milliseconds: 2000))
    for _ in 0..<2 {
      _ = try await imported([DocumentWrite(collection: things, id: "a", actor: .nobody, times: times) { _ in .store(body: Array("{}".utf8)) }], store)
    }
    let record = try #require(try await store.documents.get("a", in: things))
    #expect(record.created == times.created && record.updated == store.clock.now() && record.version == 2)
  }

  private var everything: DocumentQuery { DocumentQuery(filter: nil, variables: .test(.anonymous), sort: [], limit: 1, cursor: nil) }

  @Test("Slices hold every document that is there all the time once, whatever others write meanwhile")
  func slices() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    var chance = SeededRandom(seed: UInt64.random(in: 0...UInt64.max))
    for start in stride(from: 0, to: 4000, by: 500) {
      _ = try await imported((start..<start + 500).map { .storing("{}", id: "k\($0)", in: things) }, store)
    }
    var seen: [String] = []
    var after: String?
    var removed: Set<String> = []
    repeat {
      let slice = try await store.documents.slice(everything, in: things, after: after)
      seen += slice.items.map(\.id)
      after = slice.last
      for _ in 0..<20 {
        let id = "k\(Int.random(in: 0..<4000, using: &chance))"
        removed.insert(id)
        _ = try await store.documents.write(.deleting(id, in: things))
        _ = try await store.documents.write(.storing("{}", id: "n\(Int.random(in: 0..<9999, using: &chance))", in: things))
      }
    } while after != nil
    #expect(Set(seen).count == seen.count && seen == seen.sorted(), "seed \(chance.seed)")
    let stayed = Set((0..<4000).map { "k\($0)" }).subtracting(removed)
    #expect(stayed.isSubset(of: seen), "seed \(chance.seed)")
  }

  @Test("A slice looks at a bounded number of documents, also where none matches")
  func bounded() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    _ = try await imported((0..<Limits.exportSliceRowsMax + 5).map { .storing(#"{"n":\#($0)}"#, id: "k\(10_000 + $0)", in: things) }, store)
    let filter = try ExpressionKind.filter.compile("n < 0", pointer: "")
    let none = DocumentQuery(filter: filter, variables: .test(.anonymous), sort: [], limit: 1, cursor: nil)
    let first = try await store.documents.slice(none, in: things, after: nil)
    #expect(first.items.isEmpty && first.last == "k\(10_000 + Limits.exportSliceRowsMax - 1)")
    #expect(try await store.documents.slice(none, in: things, after: first.last).last == nil)
  }
}
