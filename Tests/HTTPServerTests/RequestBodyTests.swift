import HTTPServer
import Synchronization
import Testing

@Suite("Bodies of requests")
struct RequestBodyTests {
  @Test("A body within the limit is collected, one above it is too large, said or not", arguments: [true, false])
  func limit(isChunked: Bool) async throws {
    try await withServer(
      configure: { $0.unreadBodyBytesMax = 10_000 },
      handler: { exchange in
        exchange.collectBody(max: 1000) { result in
          switch result {
          case .success(let body): exchange.respond(HTTPResponse(status: 200, body: Array("\(body.count)".utf8)))
          case .failure(let error): exchange.respond(HTTPResponse(status: bodyErrorStatus(error)))
          }
        }
      }
    ) { server in
      let client = try server.client()
      func request(_ count: Int) -> String {
        let body = String(repeating: "b", count: count)
        return isChunked
          ? "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(String(count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
          : "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: \(count)\r\n\r\n\(body)"
      }
      try await client.send(request(1000))
      #expect(try await client.answer().text == "1000")
      // Little enough to be thrown away: the connection lives on.
      try await client.send(request(1001))
      let refused = try await client.answer()
      #expect(refused.status == 413)
      #expect(refused["Connection"] == nil)
      try await client.send(request(1))
      #expect(try await client.answer().text == "1")
      // Too much to be thrown away.
      try await client.send(request(20_000))
      #expect(try await client.answer().status == 413)
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("An early answer reaches a client that goes on sending")
  func earlyAnswer() async throws {
    try await withServer(
      configure: { $0.lingerTimeout = .seconds(20) },
      handler: { $0.respond(HTTPResponse(status: 403, body: Array("no".utf8))) }
    ) { server in
      let client = try server.client()
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n")
      try await client.send([UInt8](repeating: 1, count: 8 << 20))
      let answer = try await client.answer()
      #expect(answer.status == 403)
      #expect(answer["Connection"] == "close")
      #expect(answer.text == "no")
      client.closeWriting()
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("100-continue is sent when somebody reads the body")
  func continueSent() async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
      #expect(try await client.answer().status == 100)
      try await client.send("abc")
      #expect(try await client.answer().text == "PUT / abc")
      try await client.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().text == "GET /2 ")
    }
  }

  @Test("A refusal without reading says no 100, and closes")
  func continueRefused() async throws {
    try await withServer(handler: { $0.respond(HTTPResponse(status: 401)) }) { server in
      let client = try server.client()
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 401)
      #expect(answer["Connection"] == "close")
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("A body said to be too large is refused before it is sent")
  func tooLargeSaid() async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\nExpect: 100-continue\r\n\r\n")
      #expect(try await client.answer().status == 413)
    }
  }

  @Test("A client that goes away in its body makes it incomplete", arguments: ["Content-Length: 10", "Transfer-Encoding: chunked"])
  func incomplete(length: String) async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\n\(length)\r\n\r\n5\r\nab")
      client.closeWriting()
      let answer = try await client.answer()
      #expect(answer.status == 400)
      #expect(answer.text == "incomplete")
    }
  }

  @Test("A body comes as a stream, chunk by chunk, and whole")
  func stream() async throws {
    try await withServer(handler: countBody) { server in
      let client = try server.client()
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      let piece = [UInt8](repeating: 7, count: 100_000)
      for _ in 0..<20 {
        try await client.send(Array("186a0\r\n".utf8) + piece + Array("\r\n".utf8))
      }
      try await client.send("0\r\n\r\n")
      #expect(try await client.answer().text == "2000000 14000000")
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\u{1}\u{2}\u{3}")
      #expect(try await client.answer().text == "3 6")
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().text == "0 0")
    }
  }

  @Test("A body is read once")
  func onceOnly() async throws {
    try await withServer(handler: { exchange in
      exchange.collectBody(max: 10) { _ in
        exchange.collectBody(max: 10) { again in
          exchange.respond(HTTPResponse(status: 200, body: Array("\(again)".utf8)))
        }
      }
    }) { server in
      let client = try server.client()
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
      #expect(try await client.answer().text.contains("unavailable"))
    }
  }

  @Test("A cancelled reader stops waiting")
  func cancelledReader() async throws {
    try await withServer(handler: { exchange in
      exchange.task {
        let reader = Task {
          for try await _ in exchange.body {}
        }
        reader.cancel()
        let result = await reader.result
        exchange.respond(HTTPResponse(status: 200, body: Array("\(result)".utf8)))
      }
    }) { server in
      let client = try server.client()
      try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
      #expect(try await client.answer().text.contains("CancellationError"))
    }
  }
}

/// Answers with the number of bytes and their sum.
@Sendable func countBody(_ exchange: HTTPExchange) {
  exchange.task {
    var count = 0
    var sum = 0
    do {
      for try await chunk in exchange.body {
        count += chunk.count
        sum += chunk.reduce(0) { $0 + Int($1) }
      }
      exchange.respond(HTTPResponse(status: 200, body: Array("\(count) \(sum)".utf8)))
    } catch {
      exchange.respond(HTTPResponse(status: (error as? HTTPBodyError).map(bodyErrorStatus) ?? 500, body: Array("\(error)".utf8)))
    }
  }
}
