import Core
import TestKit
import Testing

@Suite("Lines out of chunks")
struct LineSplitterTests {
  private func lines(_ text: [UInt8], most: Int = 100, size: () -> Int) -> [LineSplitter.Line] {
    var splitter = LineSplitter(lineBytesMax: most)
    var lines: [LineSplitter.Line] = []
    var rest = text[...]
    while !rest.isEmpty {
      let chunk = rest.prefix(size())
      rest = rest.dropFirst(chunk.count)
      lines += splitter.lines(in: Array(chunk))
    }
    return lines + (splitter.end().map { [$0] } ?? [])
  }

  @Test(
    "A line ends with LF or CRLF, the last one need not, and a byte order mark belongs to none",
    arguments: [
      ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\r\nb\r\n", ["a", "b"]), ("a\n\n\rb", ["a", "", "\rb"]),
      ("\u{feff}a\n\u{feff}", ["a", "\u{feff}"]),
      ("\r", [""]), ("\u{feff}", [""]),
    ])
  func given(text: String, expected: [String]) {
    let found = lines(Array(text.utf8)) { 1000 }
    #expect(found.map { $0.text.map { String(decoding: $0, as: UTF8.self) } } == expected)
    #expect(found.map(\.number) == Array(1...max(1, expected.count)).prefix(expected.count).map(\.self))
  }

  @Test("A line that is too long is told and left out; those around it are whole")
  func tooLong() {
    let text = Array(
      ("a\n" + String(repeating: "x", count: 101) + "\n" + String(repeating: "y", count: 100) + "\r\n" + String(repeating: "z", count: 5000)).utf8)
    for size in [1, 7, 64, 10_000] {
      #expect(lines(text) { size }.map { $0.text?.count } == [1, nil, 100, nil])
    }
  }

  @Test("Where the chunks end makes no difference")
  func chopped() {
    var chance = SeededRandom(seed: UInt64.random(in: 0...UInt64.max))
    for _ in 0..<300 {
      let text = (0..<Int.random(in: 0...200, using: &chance)).map { _ in Array("\n\r\u{feff}ab".utf8).randomElement(using: &chance) ?? 0 }
      let most = Int.random(in: 1...20, using: &chance)
      let whole = lines(text, most: most) { 1000 }
      let seed = chance.seed
      for _ in 0..<5 {
        let chopped = lines(text, most: most) { Int.random(in: 1...9, using: &chance) }
        #expect(chopped == whole, "seed \(seed)")
      }
    }
  }
}
