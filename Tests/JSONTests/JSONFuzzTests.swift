import Testing

@testable import JSON

@Suite struct JSONFuzzTests {
  @Test("random bytes never crash, and validation and parsing agree", arguments: SeededChance.seeds)
  func randomBytes(seed: UInt64) {
    var chance = SeededChance(seed: seed)
    let alphabet =
      Array(#"{}[]":,\/"#.utf8) + Array("0123456789-+.eEtrufalsn \n\t".utf8) + [0, 0x1F, 0x7F, 0x80, 0xC3, 0xA9, 0xE2, 0xED, 0xF0, 0xFF]
    for _ in 0..<1500 {
      let isJSONLike = !chance.oneIn(4)
      let bytes = (0..<chance.below(60)).map { _ in isJSONLike ? chance.pick(alphabet) : UInt8(chance.below(256)) }
      check(bytes, &chance)
    }
  }

  @Test("mutated and truncated texts never crash, and validation and parsing agree", arguments: SeededChance.seeds)
  func mutations(seed: UInt64) {
    var source = JSONChance(chance: SeededChance(seed: seed))
    var accepted = 0
    for _ in 0..<150 {
      let text = source.value()
      let bytes = Array(source.text(text).utf8)
      for _ in 0..<8 {
        let mutated = mutate(bytes, &source.chance)
        if check(mutated, &source.chance) == .accepted { accepted += 1 }
      }
      if !bytes.isEmpty { check(Array(bytes.prefix(source.chance.below(bytes.count))), &source.chance) }
    }
    // Mutations that were all refused would test little.
    #expect(accepted > 80)
  }

  @Test("each truncation of an object is refused", arguments: SeededChance.seeds)
  func truncations(seed: UInt64) {
    var source = JSONChance(chance: SeededChance(seed: seed))
    for _ in 0..<10 {
      let bytes = Array(source.text(.object(source.object())).utf8)
      for length in bytes.indices {
        #expect(Agreement.outcome(of: Array(bytes[..<length])) == .refused)
      }
    }
  }

  @Test("random values survive writing and reading in whatever form", arguments: SeededChance.seeds)
  func roundTrips(seed: UInt64) throws {
    var source = JSONChance(chance: SeededChance(seed: seed))
    for _ in 0..<300 {
      let value = source.value()
      let text = source.text(value)
      #expect(try JSONValue(parsing: text) == value)
      #expect(try JSONValue(parsing: value.bytes()) == value)
      let compact = JSONText.compact(Array(text.utf8))
      #expect(try JSONValue(parsing: compact) == value)
      #expect(JSONText.compact(compact) == compact)
    }
  }

  @discardableResult
  private func check(_ bytes: [UInt8], _ chance: inout SeededChance) -> SyntaxCase.Outcome {
    // What trusts its text must still not crash on one that is not valid.
    _ = JSONText.member("a", of: bytes)
    _ = JSONText.value(at: ["a", "b"], in: bytes)
    _ = JSONText.value(at: [], in: bytes)
    _ = JSONText.removingMembers(["a", "é"], from: bytes)
    _ = JSONText.keepingMembers(["a", "id.name", "b.c.a"], of: bytes)
    _ = JSONText.isEmptyObject(bytes)
    #expect(JSONText.compact(bytes).count <= bytes.count)
    #expect((try? JSONText.mergePatch(Array(#"{"a":{"b":null,"c":{"d":1}},"b":2}"#.utf8), onto: bytes)) != nil)
    var writer = JSONWriter()
    writer.rawMembers(of: bytes)
    return Agreement.outcome(of: bytes)
  }

  private func mutate(_ bytes: [UInt8], _ chance: inout SeededChance) -> [UInt8] {
    var bytes = bytes
    for _ in 0...chance.below(3) where !bytes.isEmpty {
      let place = chance.below(bytes.count)
      switch chance.below(6) {
      case 0: bytes[place] = UInt8(chance.below(256))
      case 1: bytes[place] ^= 1 << UInt8(chance.below(8))
      case 2: bytes.remove(at: place)
      case 3: bytes.insert(chance.pick(Array(#"{}[]":,\u09-.e "#.utf8)), at: place)
      case 4: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + chance.below(12))], at: chance.below(bytes.count))
      default: bytes.swapAt(place, chance.below(bytes.count))
      }
    }
    return bytes
  }
}
