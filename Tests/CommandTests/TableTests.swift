import JSON
import Testing

@testable import roost

@Suite struct TableTests {
  private let columns = [Table.Column.whole("ID", "id"), Table.Column("NAME", "name"), Table.Column("N", alignsRight: true) { $0["n"]?.text ?? "" }]

  @Test("columns are as wide as their widest cell, and numbers stand at the right")
  func aligned() {
    var table = Table(columns, widthMax: nil)
    #expect(
      table.lines(for: [["id": "a", "name": "Ada", "n": 7], ["id": "bb", "name": nil, "n": 1000]]) == ["ID  NAME     N", "a   Ada      7", "bb        1000"])
  }

  @Test("without a terminal nothing is cut, not even where a later batch is wider than the first")
  func laterBatch() {
    var table = Table(columns, widthMax: nil)
    _ = table.lines(for: [["id": "a", "name": "b", "n": 1]])
    #expect(table.lines(for: [["id": "longer", "name": "much longer than before", "n": 2]]) == ["longer  much longer than before  2"])
  }

  @Test("on a terminal the widest column gives way, but never an id", arguments: 24...60)
  func fitted(width: Int) throws {
    var table = Table(columns, widthMax: width)
    let lines = table.lines(for: [["id": "0190b6a2", "name": .string(String(repeating: "n", count: 100)), "n": 1]])
    #expect(lines.allSatisfy { Printable.cells($0) <= width })
    #expect(try #require(lines.last).hasPrefix("0190b6a2  n"))
  }

  @Test("wide characters count as two cells")
  func wide() {
    var table = Table(columns, widthMax: nil)
    #expect(table.lines(for: [["id": "a", "name": "日本", "n": 1], ["id": "b", "name": "abcd", "n": 2]]).suffix(2) == ["a   日本  1", "b   abcd  2"])
    #expect(Printable.cut("日本語", to: 4) == "日…")
  }

  @Test("a moment is shown to the minute, and what is none not at all")
  func times() {
    let column = Table.Column.time("T", "t")
    #expect(column.text(["t": "2026-11-21T02:26:51.764Z"]) == "2026-11-21 02:26")
    #expect(column.text(["t": "soon"]) == "" && column.text([:]) == "")
  }
}

@Suite struct PrintableTests {
  @Test(
    "others' text cannot steer the terminal",
    arguments: ["\u{1B}[31mred", "a\rb", "a\u{8}b", "\u{9B}31m", "a\u{7F}", "\u{202E}evil", "a\u{2028}b", "\u{0}"])
  func harmless(text: String) {
    let shown = Printable.line(text)
    #expect(!shown.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || (0x2028...0x202E).contains($0.value) })
  }

  @Test("ordinary text stays as it is")
  func unchanged() {
    let text = "Grüße, 日本 👩‍🚀 – “ok”"
    #expect(Printable.line(text) == text)
    #expect(Printable.line("a\nb\tc") == "a b c" && Printable.lines("a\nb\tc") == "a\nb\tc")
  }
}
