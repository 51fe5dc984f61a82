import Glibc
import Testing

@testable import roost

@Suite struct LineReaderTests {
  private func lines(_ text: String, lineBytesMax: Int = 1 << 20) throws -> [String] {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    let bytes = Array(text.utf8)
    // Within what a pipe takes without a reader.
    try #require(bytes.count <= 60_000 && write(ends[1], bytes, bytes.count) == bytes.count)
    close(ends[1])
    var reader = LineReader(ends[0], name: "test", lineBytesMax: lineBytesMax)
    var lines: [String] = []
    while let line = try reader.next() {
      lines.append(String(decoding: line, as: UTF8.self))
      #expect(reader.number == lines.count)
    }
    return lines
  }

  @Test(
    "every line is given once, with or without an end at the end",
    arguments: [("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\n\nb", ["a", "", "b"]), ("\n\n", ["", ""])])
  func given(text: String, expected: [String]) throws {
    #expect(try lines(text) == expected)
  }

  @Test("a line that is too long is an error, not memory")
  func tooLong() {
    #expect(throws: CommandError.self) { try lines(String(repeating: "x", count: 50_000), lineBytesMax: 1000) }
  }
}
