import Core
import TestKit
import Testing

@Suite("Identifiers")
struct IdentifierTests {
  @Test("UUIDv7s grow within a millisecond, over it, and when the clock goes back")
  func order() {
    var generator = IdentifierGenerator(random: SeededRandom(seed: 7))
    var last = ""
    for step in 0..<20_000 {
      let milliseconds = step % 1000 == 999 ? 1_699_999_999_000 : 1_700_000_000_000 + Int64(step / 100)
      let id = generator.next(at: Timestamp(milliseconds: milliseconds))
      #expect(id > last)
      last = id
    }
  }

  @Test("A UUIDv7 has the form of RFC 9562")
  func form() {
    var generator = IdentifierGenerator(random: SeededRandom(seed: 1))
    let id = Array(generator.next(at: Timestamp(milliseconds: 0x0123_4567_89ab)))
    #expect(id.count == 36)
    #expect(String(id[0..<13]) == "01234567-89ab")
    #expect(id[14] == "7")
    #expect("89ab".contains(id[19]))
    #expect(Names.isValidID(String(id)))
  }

  @Test("Ids are 1 to 128 letters, digits, _ and -", arguments: ["a", "A-b_9", String(repeating: "x", count: 128)])
  func goodID(id: String) {
    #expect(Names.isValidID(id))
  }

  @Test("Everything else is no id", arguments: ["", "a/b", "..", "a b", "ä", "a.b", "a\u{0}", String(repeating: "x", count: 129)])
  func badID(id: String) {
    #expect(!Names.isValidID(id))
    #expect(throws: RoostError.self) { try Names.requireID(id) }
  }

  @Test("Names begin with a letter and have at most 64 characters")
  func names() {
    #expect(Names.isValidName("posts"))
    #expect(Names.isValidName("a1-b_c"))
    #expect(!Names.isValidName("1a"))
    #expect(!Names.isValidName("_a"))
    #expect(!Names.isValidName(String(repeating: "x", count: 65)))
  }
}
