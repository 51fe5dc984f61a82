import HTTPServer
import Synchronization
import Testing

/// What a listener heard.
private final class Listener: HTTPPushListener {
  struct Heard {
    var closed = 0
    var drains = 0
  }

  let heard = Mutex(Heard())
  let closed = Signal()
  let onDrain: @Sendable () -> Void

  init(onDrain: @escaping @Sendable () -> Void = {}) {
    self.onDrain = onDrain
  }

  func pushClosed() {
    heard.withLock { $0.closed += 1 }
    closed.give()
  }

  func serverDrains() {
    heard.withLock { $0.drains += 1 }
    onDrain()
  }
}

@Suite("Answers that are pushed")
struct PushTests {
  private func begin(_ exchange: HTTPExchange, _ listener: any HTTPPushListener, every interval: Duration = .seconds(60), unsent: Int = 1 << 20) -> HTTPPush? {
    exchange.respondPush(
      status: 200, headers: ["Content-Type": "text/event-stream"], heartbeat: HTTPPiece(Array(":\n\n".utf8)), every: interval, unsentBytesMax: unsent,
      unsentBytesMin: unsent, backlog: HTTPPushBacklog(bytesMax: 64 << 20), listener: listener)
  }

  @Test("Pieces are chunks, for HTTP/1.0 plain bytes; the connection serves on after the end", arguments: [true, false])
  func pieces(isHTTP10: Bool) async throws {
    let listener = Listener()
    try await withServer(handler: { exchange in
      guard exchange.request.path == "/push" else { return exchange.respond(HTTPResponse(status: 204)) }
      let push = begin(exchange, listener)
      for text in ["one", "two"] { #expect(push?.send(HTTPPiece(Array(text.utf8))) == true) }
      push?.finish(HTTPPiece(Array("end".utf8)))
      #expect(push?.send(HTTPPiece(Array("late".utf8))) == false)
    }) { server in
      let client = try server.client()
      try await client.send("GET /push HTTP/1.\(isHTTP10 ? 0 : 1)\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().text == "onetwoend")
      if !isHTTP10 {
        try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try await client.answer().status == 204)
      }
    }
    #expect(listener.heard.withLock { $0.closed } == 0)
  }

  @Test("A client that goes away is told to the listener once", arguments: [0, 1, 2])
  func gone(how: Int) async throws {
    let listener = Listener()
    try await withServer(handler: { exchange in
      _ = begin(exchange, listener)?.send(HTTPPiece([1]))
    }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = try await client.head()
      switch how {
      case 0: client.close()
      case 1: client.reset()
      default: client.closeWriting()
      }
      await listener.closed.wait()
    }
    #expect(listener.heard.withLock { $0.closed } == 1)
  }

  @Test("Heartbeats come by themselves")
  func heartbeats() async throws {
    let listener = Listener()
    try await withServer(
      configure: { $0.idleTimeout = .milliseconds(80) },
      handler: { exchange in
        _ = begin(exchange, listener, every: .milliseconds(40))
      }
    ) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = try await client.head()
      // Five of them, as chunks; the connection is not taken for an idle one.
      try await client.skip(5 * "3\r\n:\n\n\r\n".utf8.count)
    }
  }

  @Test("A client that does not read is cut off when more than the limit is unsent")
  func slowClient() async throws {
    let listener = Listener()
    let piece = HTTPPiece([UInt8](repeating: 1, count: 64 << 10))
    let sent = Atomic(0)
    try await withServer(handler: { exchange in
      let push = begin(exchange, listener, unsent: 256 << 10)
      while push?.send(piece) == true, sent.load(ordering: .relaxed) < 4096 { sent.add(1, ordering: .relaxed) }
    }) { server in
      let client = try server.client(receiveBuffer: 4096)
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      await listener.closed.wait()
      #expect(sent.load(ordering: .relaxed) < 4096)
    }
  }

  @Test("A drain asks the listener to end, and then ends")
  func drain() async throws {
    let pushes = Mutex<[HTTPPush]>([])
    let listener = Listener(onDrain: { for push in pushes.withLock({ $0 }) { push.finish(HTTPPiece(Array("bye".utf8))) } })
    let client = Mutex<RawClient?>(nil)
    let began = ContinuousClock.now
    try await withServer(
      configure: { $0.drainTimeout = .seconds(20) },
      handler: { exchange in
        if let push = begin(exchange, listener) { pushes.withLock { $0.append(push) } }
      }
    ) { server in
      let raw = try server.client()
      client.withLock { $0 = raw }
      try await raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = try await raw.head()
    }
    let rest = try await client.withLock { $0 }?.rest()
    #expect(rest == Array("3\r\nbye\r\n0\r\n\r\n".utf8))
    #expect(listener.heard.withLock { $0.drains } == 1)
    #expect(ContinuousClock.now - began < .seconds(15))
  }
}
