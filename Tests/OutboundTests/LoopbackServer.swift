import Glibc
import Synchronization

/// A listening socket on 127.0.0.1 that hands each connection to a function, on a thread of its own.
final class LoopbackServer: Sendable {
  let port: Int
  private let descriptor: Int32
  private let requests = Mutex<[String]>([])
  private let connections = Atomic(0)

  /// `answer` gets the request's head and what it sends back is written as it is; nil keeps silent until the client goes.
  init(_ answer: @escaping @Sendable (String) -> [String]?) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = descriptor
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(socket, pointer, length) == 0 && listen(socket, 128) == 0 && getsockname(socket, pointer, &length) == 0
      }
    }
    guard bound else { throw Failure() }
    port = Int(UInt16(bigEndian: address.sin_port))
    Self.thread { [self] in
      while true {
        let client = accept(socket, nil, nil)
        guard client >= 0 else { return }
        connections.add(1, ordering: .relaxed)
        Self.thread { [self] in serve(client, answer) }
      }
    }
  }

  struct Failure: Error {}

  var heads: [String] { requests.withLock { $0 } }
  var connectionCount: Int { connections.load(ordering: .relaxed) }

  func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Reads heads (and the body that `content-length` says) and answers them, until the client goes.
  private func serve(_ client: Int32, _ answer: @Sendable (String) -> [String]?) {
    defer { Glibc.close(client) }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var text = ""
    while true {
      while let end = text.range(of: "\r\n\r\n") {
        let head = String(text[..<end.lowerBound])
        text = String(text[end.upperBound...])
        var left = Self.contentLength(head) - text.utf8.count
        text = ""
        while left > 0 {
          let count = read(client, &buffer, buffer.count)
          guard count > 0 else { return }
          left -= count
        }
        requests.withLock { $0.append(head) }
        guard let pieces = answer(head) else {
          while read(client, &buffer, buffer.count) > 0 {}
          return
        }
        for piece in pieces {
          guard send(client, piece, piece.utf8.count, Int32(MSG_NOSIGNAL)) >= 0 else { return }
        }
        if pieces.last?.contains("onnection: close") == true { return }
      }
      let count = read(client, &buffer, buffer.count)
      guard count > 0 else { return }
      text += String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  private static func contentLength(_ head: String) -> Int {
    for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
      return Int(line.dropFirst(15).filter { $0 != " " }) ?? 0
    }
    return 0
  }

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private static func thread(_ body: @escaping @Sendable () -> Void) {
    let start = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    _ = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, start.toOpaque())
    pthread_detach(thread)
  }
}

extension String {
  fileprivate func range(of text: String) -> Range<String.Index>? { firstRange(of: text) }
}
