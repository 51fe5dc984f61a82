import Core
import JSON
import Synchronization
import TestKit
import Testing

@testable import Storage

/// Pages while others write at the same time, on threads of their own.
@Suite("Cursors among writers")
struct CursorTests {
  private static let values = ["null", "true", "false", "0", "1", "1.0", "-2.5", #""""#, #""a""#, #""b""#, #""a\u0000b""#, "[1]", #"{"x":1}"#, "1e18", "0.1"]

  /// Few values, so that most documents tie; some fields missing.
  private static func document(_ chance: inout SeededRandom) -> String {
    var members: [String] = []
    for name in ["a", "b", "o"] where chance.next() % 4 != 0 {
      let value = FilterChance.pick(values, &chance)
      members.append(name == "o" ? #""o":{"x":\#(value)}"# : #""\#(name)":\#(value)"#)
    }
    return "{\(members.joined(separator: ","))}"
  }

  private final class Progress: Sendable {
    let isOver = Atomic(false)
    let walks = Mutex<[[String]]>([])
  }

  @Test(
    "No document that stays is skipped or repeated, whatever comes and goes meanwhile",
    arguments: ["a", "-a", "a,b", "-b,a", "o.x,-a", "createdAt,b", "-id", "none"], [false, true])
  func walk(sort: String, isIndexed: Bool) async throws {
    let seed: UInt64 = 51 + UInt64(sort.utf8.count)
    var chance = SeededRandom(seed: seed)
    let store = try await TestStorage(lanes: 1)
    let fields = JSONValue.array(sort.split(separator: ",").map { .string(String($0)) })
    let things = try await store.collection(indexes: isIndexed && sort != "-id" ? [["fields": fields]] : [])
    var stable: Set<String> = []
    for number in 0..<150 {
      if number % 10 == 0 { store.clock.advance(by: .milliseconds(1)) }
      stable.insert(try await store.create(text: Self.document(&chance), in: things).id)
    }
    let progress = Progress()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<2 {
        group.addTask {
          var chance = SeededRandom(seed: seed &+ 100 &+ UInt64(writer))
          var mine: [String] = []
          while !progress.isOver.load(ordering: .relaxed) {
            if mine.count > 40 || !mine.isEmpty && chance.next() % 2 == 0 {
              _ = try await store.documents.write(.deleting(mine.remove(at: Int(chance.next() % UInt64(mine.count))), in: things))
            } else {
              mine.append(try await store.create(text: Self.document(&chance), in: things).id)
            }
          }
        }
      }
      group.addTask {
        defer { progress.isOver.store(true, ordering: .relaxed) }
        for limit in [1, 7, 40] {
          var ids: [String] = []
          var cursor: PageCursor?
          repeat {
            let page = try await store.page(sort: sort, limit: limit, cursor: cursor, in: things)
            ids += page.items.map(\.id)
            cursor = try page.next.map { try PageCursor(parsing: $0.text(sort: try SortKey.parse(sort)), sort: try SortKey.parse(sort)) }
          } while cursor != nil && ids.count < 100_000
          progress.walks.withLock { [ids] in $0.append(ids) }
        }
      }
      try await group.waitForAll()
    }
    for ids in progress.walks.withLock({ $0 }) {
      #expect(Set(ids).count == ids.count, "repeated: seed \(seed), sort \(sort)")
      #expect(stable.isSubset(of: ids), "skipped \(stable.subtracting(ids)): seed \(seed), sort \(sort)")
    }
    #expect(progress.walks.withLock { $0.count } == 3)
  }
}
