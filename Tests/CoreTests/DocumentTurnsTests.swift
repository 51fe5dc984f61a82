import Testing

@testable import Core

@Suite struct DocumentTurnsTests {
  @Test func whoComesFirstGoesFirst() {
    let turns = Turns()
    #expect(turns.enter(1, ["a"]))
    #expect(!turns.enter(2, ["a"]))
    #expect(!turns.enter(3, ["a"]))
    #expect(turns.enter(4, ["b"]))
    #expect(turns.longest(["a", "b"]) == 3)
    #expect(turns.leave(1) == [2])
    #expect(turns.leave(2) == [3])
    #expect(turns.leave(3).isEmpty)
    #expect(turns.leave(4).isEmpty)
    #expect(turns.isEmpty)
  }

  @Test func whoWantsSeveralWaitsForAllOfThem() {
    let turns = Turns()
    #expect(turns.enter(1, ["a"]))
    #expect(turns.enter(2, ["b"]))
    #expect(!turns.enter(3, ["a", "b"]))
    #expect(!turns.enter(4, ["b"]), "nobody gets past one who waits")
    #expect(turns.leave(2).isEmpty)
    #expect(turns.leave(1) == [3])
    #expect(turns.leave(3) == [4])
  }

  @Test func whoLeavesWhileWaitingHoldsNobodyUp() {
    let turns = Turns()
    #expect(turns.enter(1, ["a", "b"]))
    #expect(!turns.enter(2, ["a", "c"]))
    #expect(!turns.enter(3, ["c"]))
    #expect(turns.leave(2) == [3])
    #expect(turns.leave(1).isEmpty)
    #expect(turns.leave(1).isEmpty)
  }

  @Test func nobodyWaitsForEverAndNobodySharesADocument() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var chance = Dice(state: seed)
    for _ in 0..<200 {
      let turns = Turns()
      var holding: [UInt64: Set<String>] = [:]
      var wanted: [UInt64: Set<String>] = [:]
      var next: UInt64 = 1
      func gets(_ owner: UInt64) {
        for (other, documents) in holding { #expect(documents.isDisjoint(with: wanted[owner] ?? []), "seed \(seed): \(other) and \(owner) share") }
        holding[owner] = wanted[owner]
      }
      for _ in 0..<60 {
        if chance.next(3) > 0 || holding.isEmpty {
          let documents = Set((0..<chance.next(4)).map { _ in "d\(chance.next(5))" })
          wanted[next] = documents
          if turns.enter(next, documents) { gets(next) }
          next += 1
        } else if let owner = holding.keys.sorted().dropFirst(chance.next(holding.count)).first {
          holding[owner] = nil
          wanted[owner] = nil
          for one in turns.leave(owner) { gets(one) }
        }
      }
      while let owner = holding.keys.min() {
        holding[owner] = nil
        wanted[owner] = nil
        for one in turns.leave(owner) { gets(one) }
      }
      #expect(wanted.isEmpty && turns.isEmpty, "seed \(seed)")
    }
  }
}

private struct Dice {
  var state: UInt64

  mutating func next(_ sides: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % sides
  }
}

/// Expectations do not change what they look at.
private final class Turns {
  private var turns = DocumentTurns()

  var isEmpty: Bool { turns.isEmpty }

  func enter(_ owner: UInt64, _ documents: Set<String>) -> Bool { turns.enter(owner, documents) }
  func leave(_ owner: UInt64) -> [UInt64] { turns.leave(owner) }
  func longest(_ documents: Set<String>) -> Int { turns.longest(documents) }
}
