import Glibc
import Synchronization

/// A client that sends exactly the bytes it is told, and reads what comes. Its waits run on threads of their own, so that
/// they never hold up the tasks under test; none is longer than `patience`.
final class RawClient: Sendable {
  struct Answer {
    var status: Int
    var fields: [(name: String, value: String)]
    var body: [UInt8]

    subscript(_ name: String) -> String? {
      fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var text: String { String(decoding: body, as: UTF8.self) }
  }

  enum Failure: Error {
    case connect(Int32), send(Int32), read(Int32), endOfConnection, notHTTP(String)
  }

  private let descriptor: Int32
  private let unread = Mutex<[UInt8]>([])
  private let isClosed = Mutex(false)

  init(port: Int, patience: Int = 20, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      let reason = errno
      Glibc.close(descriptor)
      throw Failure.connect(reason)
    }
    setPatience(SO_RCVTIMEO, milliseconds: patience * 1000)
    setPatience(SO_SNDTIMEO, milliseconds: patience * 1000)
  }

  deinit {
    close()
  }

  static let receiving = SO_RCVTIMEO

  func setPatience(_ option: Int32, milliseconds: Int) {
    var time = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
    setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
  }

  // MARK: Sending

  func send(_ text: String) async throws {
    try await send(Array(text.utf8))
  }

  func send(_ bytes: [UInt8]) async throws {
    try await onThread { [self] in
      var offset = 0
      while offset < bytes.count {
        let count = sendSome(bytes, from: offset)
        guard count > 0 else { throw Failure.send(errno) }
        offset += count
      }
    }
  }

  /// Sends until the other side has taken nothing for so long; returns how much it took.
  func sendUntilStuck(_ bytes: [UInt8], milliseconds: Int) async throws -> Int {
    try await onThread { [self] in
      setPatience(SO_SNDTIMEO, milliseconds: milliseconds)
      defer { setPatience(SO_SNDTIMEO, milliseconds: 20_000) }
      var offset = 0
      while offset < bytes.count {
        let count = sendSome(bytes, from: offset)
        guard count > 0 else { break }
        offset += count
      }
      return offset
    }
  }

  private func sendSome(_ bytes: [UInt8], from offset: Int) -> Int {
    bytes.withUnsafeBytes { all in
      guard let base = all.baseAddress else { return 0 }
      return Glibc.send(descriptor, base + offset, all.count - offset, Int32(MSG_NOSIGNAL))
    }
  }

  /// Says that nothing more comes.
  func closeWriting() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Goes away as a program that is killed does.
  func close() {
    isClosed.withLock { isClosed in
      if !isClosed { Glibc.close(descriptor) }
      isClosed = true
    }
  }

  /// Closes both directions and stays: what the server still sends is taken for a while, and then no more.
  func closeBoth() {
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  /// Goes away with a reset.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<Glibc.linger>.size))
    close()
  }

  // MARK: Reading

  /// The next answer, its chunks joined. `toHead`: it is to a HEAD request and has no body.
  func answer(toHead: Bool = false) async throws -> Answer {
    try await onThread { [self] in try readAnswer(toHead: toHead) }
  }

  /// The next answer's head alone.
  func head() async throws -> [UInt8] {
    try await onThread { [self] in try take(upTo: Array("\r\n\r\n".utf8)) }
  }

  /// Everything until the server closes.
  func rest() async throws -> [UInt8] {
    try await onThread { [self] in
      while try fill() {}
      return unread.withLock { unread in
        defer { unread = [] }
        return unread
      }
    }
  }

  /// Reads and drops `count` bytes.
  func skip(_ count: Int) async throws {
    try await onThread { [self] in
      var left = count
      while left > 0 {
        let taken = unread.withLock { unread in
          let taken = min(left, unread.count)
          unread.removeFirst(taken)
          return taken
        }
        left -= taken
        if left > 0, taken == 0 {
          guard try fill() else { throw Failure.endOfConnection }
        }
      }
    }
  }

  private func readAnswer(toHead: Bool) throws -> Answer {
    let head = try take(upTo: Array("\r\n\r\n".utf8))
    let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: true)
    guard let first = lines.first, first.hasPrefix("HTTP/1.1 "),
      let status = Int(first.dropFirst(9).prefix(3))
    else { throw Failure.notHTTP(String(decoding: head, as: UTF8.self)) }
    var answer = Answer(status: status, fields: [], body: [])
    for line in lines.dropFirst() {
      let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2 else { throw Failure.notHTTP(String(line)) }
      answer.fields.append((String(pair[0]), String(pair[1].drop { $0 == " " })))
    }
    if toHead || status == 204 || status == 304 || status == 100 { return answer }
    if let length = answer["Content-Length"].flatMap({ Int($0) }) {
      answer.body = try take(length)
    } else if answer["Transfer-Encoding"] == "chunked" {
      answer.body = try takeChunks()
    } else {
      while try fill() {}
      answer.body = unread.withLock { $0 }
    }
    return answer
  }

  private func takeChunks() throws -> [UInt8] {
    var body: [UInt8] = []
    while true {
      let line = String(decoding: try take(upTo: Array("\r\n".utf8)).dropLast(2), as: UTF8.self)
      guard let size = Int(line, radix: 16) else { throw Failure.notHTTP(line) }
      body += try take(size)
      guard try take(2) == Array("\r\n".utf8) else { throw Failure.notHTTP("chunk end") }
      if size == 0 { return body }
    }
  }

  private func take(_ count: Int) throws -> [UInt8] {
    while unread.withLock({ $0.count }) < count {
      guard try fill() else { throw Failure.endOfConnection }
    }
    return unread.withLock { unread in
      defer { unread.removeFirst(count) }
      return Array(unread.prefix(count))
    }
  }

  private func take(upTo end: [UInt8]) throws -> [UInt8] {
    while true {
      let found = unread.withLock { unread -> [UInt8]? in
        guard unread.count >= end.count else { return nil }
        for index in 0...(unread.count - end.count) where unread[index..<index + end.count].elementsEqual(end) {
          defer { unread.removeFirst(index + end.count) }
          return Array(unread[..<(index + end.count)])
        }
        return nil
      }
      if let found { return found }
      guard try fill() else { throw Failure.endOfConnection }
    }
  }

  /// False at the connection's end.
  private func fill() throws -> Bool {
    var space = [UInt8](repeating: 0, count: 64 * 1024)
    let count = recv(descriptor, &space, space.count, 0)
    if count == 0 { return false }
    guard count > 0 else { throw Failure.read(errno) }
    unread.withLock { $0.append(contentsOf: space[..<count]) }
    return true
  }
}

/// Runs blocking work on a thread of its own.
func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
  return try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Result, any Error>) in
    let box = ThreadWork { continuation.resume(with: Swift.Result { try work() }) }
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<ThreadWork>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(box).toOpaque())
    pthread_detach(thread)
  }
}

private final class ThreadWork {
  let run: () -> Void

  init(_ run: @escaping () -> Void) {
    self.run = run
  }
}
