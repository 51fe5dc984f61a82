import Glibc

/// A file's lines, one after the other, in memory bounded by the longest.
struct LineReader: Sendable {
  private let descriptor: Int32
  private let name: String
  private let lineBytesMax: Int
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false
  /// Of the line that `next` gave last, counted from 1.
  private(set) var number = 0

  init(_ descriptor: Int32, name: String, lineBytesMax: Int) {
    self.descriptor = descriptor
    self.name = name
    self.lineBytesMax = lineBytesMax
  }

  /// Without its end; nil after the last.
  mutating func next() throws -> [UInt8]? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        number += 1
        return Array(buffer[start..<end])
      }
      searched = buffer.count
      if isAtEnd {
        guard start < buffer.count else { return nil }
        defer { start = buffer.count }
        number += 1
        return Array(buffer[start...])
      }
      guard buffer.count - start <= lineBytesMax else {
        throw CommandError("Line \(number + 1) of \(name) is longer than \(lineBytesMax) bytes.")
      }
      searched -= start
      try fill()
    }
  }

  private mutating func fill() throws {
    buffer.removeFirst(start)
    start = 0
    var chunk = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw InputBytes.failure("read", name) }
      if count == 0 { isAtEnd = true } else { buffer.append(contentsOf: chunk[..<count]) }
      return
    }
  }
}
