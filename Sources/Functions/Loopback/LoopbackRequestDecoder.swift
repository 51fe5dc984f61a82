/// Cuts a stream of bytes into HTTP/1.1 requests (RFC 9112): keep-alive, bodies by `Content-Length` or in chunks, `Expect: 100-continue`.
/// Strict, since whoever speaks here is user code: what is ambiguous is refused.
struct LoopbackRequestDecoder {
  private enum State {
    case head
    /// So many bytes of the body are left.
    case body(Int)
    case chunkSize
    case chunk(Int)
    /// The line end after a chunk's data.
    case chunkEnd
    case trailers
  }

  private var buffer: [UInt8] = []
  private var start = 0
  /// Looked through for the end of a line up to here.
  private var scanned = 0
  private var state = State.head
  private var request: LoopbackRequest?
  private var bodyBytes = 0
  private var trailerBytes = 0
  private var owesContinue = false

  /// Bytes that no request has used up yet.
  var buffered: Int { buffer.count - start }
  /// Bytes in memory.
  var held: Int { buffered + (request?.body.count ?? 0) }
  /// Whether a request has begun and not ended.
  var isInside: Bool { request != nil || buffered > 0 }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if start == buffer.count {
      buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 20)
      scanned = 0
      start = 0
    } else if start > 1 << 16 {
      buffer.removeFirst(start)
      scanned -= start
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// Whether the client waits for `100 Continue` before it sends its body; answers that once.
  mutating func takeContinue() -> Bool {
    defer { owesContinue = false }
    return owesContinue && buffered == 0
  }

  /// The next whole request; `nil` if none has arrived.
  mutating func next() throws(LoopbackBreach) -> LoopbackRequest? {
    while true {
      switch state {
      case .head:
        guard let head = try takeHead() else { return nil }
        try begin(head)
      case .body(let left):
        let left = try takeBody(left)
        state = .body(left)
        guard left == 0 else { return nil }
        return finish()
      case .chunkSize:
        guard let line = try takeLine(most: LoopbackLimits.chunkLineBytesMax) else { return nil }
        let size = try LoopbackHead.chunkSize(line)
        state = size == 0 ? .trailers : .chunk(size)
      case .chunk(let left):
        let left = try takeBody(left)
        state = left == 0 ? .chunkEnd : .chunk(left)
        guard left == 0 else { return nil }
      case .chunkEnd:
        guard let line = try takeLine(most: 2) else { return nil }
        guard line.isEmpty else { throw LoopbackBreach(400, "A chunk is longer than it says.") }
        state = .chunkSize
      case .trailers:
        guard let line = try takeLine(most: LoopbackLimits.headBytesMax) else { return nil }
        trailerBytes += line.count
        guard trailerBytes <= LoopbackLimits.headBytesMax else { throw LoopbackBreach(431, "The trailers are too long.") }
        if line.isEmpty { return finish() }
      }
    }
  }

  private mutating func begin(_ head: LoopbackHead) throws(LoopbackBreach) {
    request = head.request
    bodyBytes = 0
    trailerBytes = 0
    switch head.length {
    case .chunked: state = .chunkSize
    case .bytes(let count):
      guard count <= LoopbackLimits.bodyBytesReadMax else { throw LoopbackBreach(413, "The body is larger than \(LoopbackLimits.bodyBytesReadMax) bytes.") }
      state = .body(count)
      if count <= LoopbackLimits.bodyBytesMax { request?.body.reserveCapacity(count) }
    }
    owesContinue = head.expectsContinue
  }

  private mutating func finish() -> LoopbackRequest? {
    defer {
      request = nil
      state = .head
      owesContinue = false
    }
    return request
  }

  /// Moves what is there of the body, and answers how much is missing.
  private mutating func takeBody(_ left: Int) throws(LoopbackBreach) -> Int {
    let count = min(left, buffered)
    guard count > 0 else { return left }
    bodyBytes += count
    guard bodyBytes <= LoopbackLimits.bodyBytesReadMax else { throw LoopbackBreach(413, "The body is larger than \(LoopbackLimits.bodyBytesReadMax) bytes.") }
    if bodyBytes > LoopbackLimits.bodyBytesMax {
      request?.isTooLarge = true
      request?.body = []
    } else {
      request?.body.append(contentsOf: buffer[start..<(start + count)])
    }
    start += count
    scanned = start
    return left - count
  }

  /// A line without its end.
  private mutating func takeLine(most: Int) throws(LoopbackBreach) -> ArraySlice<UInt8>? {
    var at = max(scanned, start)
    while at < buffer.count, buffer[at] != UInt8(ascii: "\n") { at += 1 }
    scanned = at
    guard at - start <= most else { throw LoopbackBreach(400, "A line is longer than \(most) bytes.") }
    guard at < buffer.count else { return nil }
    guard at > start, buffer[at - 1] == UInt8(ascii: "\r") else { throw LoopbackBreach(400, "A line ends with CR and LF.") }
    defer {
      start = at + 1
      scanned = start
    }
    return buffer[start..<(at - 1)]
  }

  private mutating func takeHead() throws(LoopbackBreach) -> LoopbackHead? {
    // "a server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line (CRLF) received prior to the
    // request-line" (RFC 9112, 2.2).
    if buffered >= 2, buffer[start] == UInt8(ascii: "\r"), buffer[start + 1] == UInt8(ascii: "\n") {
      start += 2
      scanned = max(scanned, start)
    }
    var at = max(scanned, start)
    while at < buffer.count {
      // The head ends with a line end and an empty line; `at` is on the last LF of the two.
      if buffer[at] == UInt8(ascii: "\n"), at - start >= 3, buffer[at - 1] == UInt8(ascii: "\r"), buffer[at - 2] == UInt8(ascii: "\n") { break }
      at += 1
    }
    scanned = at
    guard at - start <= LoopbackLimits.headBytesMax else { throw LoopbackBreach(431, "The head is larger than \(LoopbackLimits.headBytesMax) bytes.") }
    guard at < buffer.count else { return nil }
    let head = try LoopbackHead(buffer[start..<(at - 1)])
    start = at + 1
    scanned = start
    return head
  }
}
