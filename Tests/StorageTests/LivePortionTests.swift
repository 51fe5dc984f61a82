import Core
import JSON
import Testing

@testable import Storage

@Suite("The log in portions, and snapshots with their place in it")
struct LivePortionTests {
  @Test("A portion holds one collection's changes in order, and says how far it looked")
  func portions() async throws {
    let storage = try await TestStorage()
    let (things, others) = (try await storage.collection("things"), try await storage.collection("others"))
    for n in 0..<30 { try await storage.create(["n": .int(Int64(n))], in: n % 3 == 0 ? things : others) }
    let log = storage.project.log
    let last = try await log.lastSequence()
    var (seen, place): ([Int64], Int64) = ([], last - 30)
    while true {
      let portion = try await log.portion(of: "things", after: place, limit: 4)
      #expect(!portion.isBroken && portion.last == last && portion.changes.count <= 4)
      seen += portion.changes.map(\.sequence)
      place = portion.through
      if portion.isLast { break }
    }
    #expect(place == last)
    let expected: [Int64] = stride(from: last - 29, through: last, by: 3).map { $0 }
    #expect(seen == expected)
  }

  @Test("A place that was pruned, or that the log never had, is broken")
  func broken() async throws {
    let storage = try await TestStorage()
    let things = try await storage.collection("things")
    for _ in 0..<5 { try await storage.create([:], in: things) }
    let log = storage.project.log
    let last = try await log.lastSequence()
    storage.clock.advance(by: .seconds(60))
    _ = try await log.prune(through: last - 2, before: storage.clock.now())
    for place in [last - 3, last + 1, -1, Int64.min, Int64.max] {
      #expect(try await log.portion(of: "things", after: place, limit: 10).isBroken, "\(place)")
    }
    for place in [last - 2, last] { #expect(try await !log.portion(of: "things", after: place, limit: 10).isBroken, "\(place)") }
  }

  @Test("A snapshot and what comes after its place are together what is there")
  func snapshotWhileWriting() async throws {
    let storage = try await TestStorage()
    let things = try await storage.collection("things")
    let query = DocumentQuery(filter: nil, variables: .test(.anonymous), sort: [], limit: Limits.pageItemsMax, cursor: nil)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask { for n in 0..<60 { try await storage.create([:], id: "w\(writer)-\(n)", in: things) } }
      }
      for _ in 0..<20 {
        let snapshot = try await withCheckedThrowingContinuation { continuation in
          storage.documents.snapshot(query, in: things) { continuation.resume(with: $0) }
        }
        let before = try await storage.events().filter { $0.sequence <= snapshot.sequence }
        #expect(Set(snapshot.items.map(\.id)) == Set(before.map(\.subject)))
      }
      try await group.waitForAll()
    }
  }

  @Test("A snapshot of many documents is read page by page, in one order, up to its limit")
  func manyDocuments() async throws {
    let storage = try await TestStorage()
    let things = try await storage.collection("things")
    for start in stride(from: 0, to: 2500, by: 500) {
      let writes = (start..<start + 500).map { DocumentWrite.storing(#"{"n":\#($0 % 7)}"#, in: things) }
      _ = try await withCheckedThrowingContinuation { continuation in storage.documents.write(writes) { continuation.resume(with: $0) } }
    }
    let query = DocumentQuery(
      filter: nil, variables: .test(.anonymous), sort: try SortKey.parse("-n"), limit: Limits.pageItemsMax, cursor: nil)
    let snapshot = try await withCheckedThrowingContinuation { continuation in
      storage.documents.snapshot(query, in: things) { continuation.resume(with: $0) }
    }
    #expect(snapshot.items.count == 2500)
    #expect(Set(snapshot.items.map(\.id)).count == 2500)
    let ends = [snapshot.items.first, snapshot.items.last].map { String(decoding: $0?.body ?? [], as: UTF8.self) }
    #expect(ends == [#"{"n":6}"#, #"{"n":0}"#])
  }
}
