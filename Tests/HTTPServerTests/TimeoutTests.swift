import HTTPServer
import Testing

@Suite("Time-outs")
struct TimeoutTests {
  @Test("A head that dawdles is 408", arguments: ["GET / HTTP/1.1\r\nHost: x\r\n", "G"])
  func slowHead(part: String) async throws {
    try await withServer(configure: { $0.headTimeout = .milliseconds(50) }) { server in
      let client = try server.client()
      try await client.send(part)
      let answer = try await client.answer()
      #expect(answer.status == 408)
      #expect(answer.text.contains("request_timeout"))
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("A head that comes byte by byte has no longer for it than any other")
  func slowloris() async throws {
    try await withServer(configure: { $0.headTimeout = .milliseconds(100) }) { server in
      let client = try server.client()
      client.setPatience(RawClient.receiving, milliseconds: 20)
      var answer = ""
      try await client.send("GET / HTTP/1.1\r\n")
      for _ in 0..<500 where answer.isEmpty {
        try? await client.send("X: y\r\n")
        // Waits 20 ms for an answer.
        answer = (try? await client.head()).map { String(decoding: $0, as: UTF8.self) } ?? ""
      }
      #expect(answer.hasPrefix("HTTP/1.1 408 "))
    }
  }

  @Test("A client that says nothing at all is closed without a word")
  func silent() async throws {
    try await withServer(configure: { $0.headTimeout = .milliseconds(50) }) { server in
      let client = try server.client()
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("A connection that idles is closed without a word")
  func idle() async throws {
    try await withServer(configure: { $0.idleTimeout = .milliseconds(50) }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().status == 200)
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("A request that takes long to answer is not a time-out")
  func slowAnswer() async throws {
    let gate = Signal()
    try await withServer(
      configure: {
        $0.idleTimeout = .milliseconds(20)
        $0.bodyIdleTimeout = .milliseconds(20)
      },
      handler: { exchange in
        if exchange.request.path == "/slow" {
          exchange.task {
            await gate.wait()
            exchange.respond(HTTPResponse(status: 200, body: Array("slow".utf8)))
          }
        } else {
          exchange.respond(HTTPResponse(status: 200))
        }
      }
    ) { server in
      let slow = try server.client()
      try await slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
      // Another connection that idles until it is closed tells that the time has passed.
      for _ in 0..<3 {
        let other = try server.client()
        try await other.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try await other.answer()
        _ = try await other.rest()
      }
      gate.give()
      #expect(try await slow.answer().text == "slow")
    }
  }

  @Test("A body that stops coming fails its reader, collected or streamed", arguments: [true, false])
  func slowBody(isCollected: Bool) async throws {
    try await withServer(
      configure: { $0.bodyIdleTimeout = .milliseconds(50) }, handler: isCollected ? echo : countBody
    ) { server in
      let client = try server.client()
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab")
      let answer = try await client.answer()
      #expect(answer.status == 408)
      #expect(answer.text == "timedOut")
      #expect(answer["Connection"] == "close")
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("A collected body that comes byte by byte must still come in time")
  func slowCollected() async throws {
    try await withServer(configure: { $0.bodyTimeout = .milliseconds(100) }) { server in
      let client = try server.client()
      client.setPatience(RawClient.receiving, milliseconds: 20)
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
      var answer = ""
      for _ in 0..<500 where answer.isEmpty {
        try? await client.send("x")
        answer = (try? await client.head()).map { String(decoding: $0, as: UTF8.self) } ?? ""
      }
      #expect(answer.hasPrefix("HTTP/1.1 408 "))
    }
  }

  @Test("A client that takes nothing of its answer is cut off")
  func stalledReader() async throws {
    let ended = Signal()
    try await withServer(
      configure: { $0.writeIdleTimeout = .milliseconds(100) },
      handler: { exchange in
        exchange.task {
          do {
            let stream = try await exchange.respondStream(status: 200, headers: [:])
            while true { try await stream.write([UInt8](repeating: 1, count: 64 * 1024)) }
          } catch {
            ended.give()
          }
        }
      }
    ) { server in
      let client = try server.client(receiveBuffer: 4096)
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      await ended.wait()
    }
  }
}

/// Waits for something that comes about by itself.
func waitUntil(_ condition: () -> Bool) async {
  while !condition() { await Task.yield() }
}
