import Core

/// Cuts a stream of bytes into frames: four bytes of length, most significant first, then as many bytes of JSON.
struct FrameDecoder {
  struct TooLarge: Error {}

  private var buffer: [UInt8] = []
  private var start = 0

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if start == buffer.count {
      buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 20)
      start = 0
    } else if start > 1 << 16 {
      buffer.removeFirst(start)
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// Hands the next whole frame to `body`, without a copy. `nil` if none has arrived. Throws when a frame says that it is larger than any may be.
  mutating func next<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) throws(TooLarge) -> Result? {
    guard buffer.count - start >= 4 else { return nil }
    let length = (0..<4).reduce(0) { $0 << 8 | Int(buffer[start + $1]) }
    guard length <= Limits.workerFrameBytesMax else { throw TooLarge() }
    guard buffer.count - start - 4 >= length else { return nil }
    let result = buffer.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[(start + 4)..<(start + 4 + length)])) }
    start += 4 + length
    // The room that a large frame took is given back: the next one may come much later.
    if start == buffer.count, buffer.capacity > 1 << 20 { (buffer, start) = ([], 0) }
    return result
  }
}
