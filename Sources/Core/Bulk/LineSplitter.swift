import Glibc

/// Cuts a stream of bytes into lines, wherever its chunks end, in memory bounded by the longest line. A line ends with LF or CRLF; the
/// last one need not. A byte order mark at the beginning belongs to no line.
package struct LineSplitter: Sendable {
  package struct Line: Sendable, Equatable {
    /// Counted from 1.
    package let number: Int
    /// Without its end; nil where it is longer than it may be.
    package let text: [UInt8]?
  }

  private let lineBytesMax: Int
  /// The beginning of the line whose end has not come yet.
  private var open: [UInt8] = []
  /// Whether that line is too long already: then nothing of it is kept.
  private var isTooLong = false
  private var number = 0

  package init(lineBytesMax: Int) {
    self.lineBytesMax = lineBytesMax
  }

  /// The lines that end in this chunk.
  package mutating func lines(in chunk: [UInt8]) -> [Line] {
    var lines: [Line] = []
    var start = 0
    while let end = Self.newline(in: chunk, from: start) {
      keep(chunk[start..<end])
      lines.append(close())
      start = end + 1
    }
    keep(chunk[start...])
    return lines
  }

  /// The last line, if it had no end.
  package mutating func end() -> Line? {
    open.isEmpty && !isTooLong ? nil : close()
  }

  private mutating func keep(_ bytes: ArraySlice<UInt8>) {
    guard !isTooLong else { return }
    // One more for the CR that may not belong to it, and three for the mark.
    guard open.count + bytes.count <= lineBytesMax + 4 else {
      isTooLong = true
      open = []
      return
    }
    open.append(contentsOf: bytes)
  }

  private mutating func close() -> Line {
    number += 1
    var text = open
    open = []
    if number == 1, text.starts(with: ByteOrderMark.utf8) { text.removeFirst(ByteOrderMark.utf8.count) }
    if text.last == UInt8(ascii: "\r") { text.removeLast() }
    defer { isTooLong = false }
    return Line(number: number, text: isTooLong || text.count > lineBytesMax ? nil : text)
  }

  private static func newline(in chunk: [UInt8], from start: Int) -> Int? {
    chunk.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, start < bytes.count, let found = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start)
      else { return nil }
      return base.distance(to: UnsafeRawPointer(found))
    }
  }
}

/// What some programs put in front of a text (Unicode, section 23.8).
package enum ByteOrderMark {
  package static let utf8: [UInt8] = [0xEF, 0xBB, 0xBF]
}
