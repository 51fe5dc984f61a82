import HTTPServer
import Synchronization
import Testing

@Suite("Requests on one connection")
struct KeepAliveTests {
  @Test("A request is answered with the fields that every answer has")
  func simple() async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 200)
      #expect(answer.text == "GET /a?b=c ")
      #expect(answer["Content-Length"] == "11")
      #expect(answer["Date"]?.hasSuffix(" GMT") == true)
      #expect(answer["X-Request-Id"]?.count == 13)
      #expect(answer["Connection"] == nil)
      try await client.send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().text == "GET /second ")
    }
  }

  @Test("Pipelined requests are answered in order, whichever is ready first")
  func pipelined() async throws {
    let late = Mutex<[HTTPExchange]>([])
    try await withServer(
      configure: { $0.pipelinedRequestsMax = 1000 },
      handler: { exchange in
        if exchange.request.path.hasSuffix("7") {
          exchange.task { exchange.respond(HTTPResponse(status: 200, body: Array(exchange.request.path.utf8))) }
        } else {
          exchange.respond(HTTPResponse(status: 200, body: Array(exchange.request.path.utf8)))
        }
      }
    ) { server in
      let client = try server.client()
      let requests = (0..<500).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
      try await client.send(requests)
      for number in 0..<500 {
        #expect(try await client.answer().text == "/\(number)")
      }
    }
    #expect(late.withLock { $0.isEmpty })
  }

  @Test("An answer larger than the channel's high watermark is sent once", arguments: [63_000, 66_000, 150_000, 1_000_000])
  func large(_ count: Int) async throws {
    let handler: @Sendable (HTTPExchange) -> Void = { exchange in
      let opening = Array("\(exchange.request.path) ".utf8)
      let respond: @Sendable () -> Void = {
        exchange.respond(HTTPResponse(status: 200, body: opening + [UInt8](repeating: UInt8(ascii: "x"), count: count)))
      }
      // Given on the loop while the request is read, and from a task afterwards.
      if exchange.request.path.hasPrefix("/loop") { respond() } else { exchange.task { respond() } }
    }
    try await withServer(handler: handler) { server in
      for how in ["loop", "task"] {
        let client = try server.client()
        for number in 0..<5 {
          try await client.send("GET /\(how)\(number) HTTP/1.1\r\nHost: x\r\n\r\n")
          let text = try await client.answer().text
          #expect(text.prefix { $0 != "x" } == "/\(how)\(number) ")
          #expect(text.utf8.count == count + 7)
        }
      }
    }
  }

  @Test("Pipelined requests with bodies keep their bodies apart")
  func pipelinedBodies() async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send(
        "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
          + "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
          + "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().text == "POST /1 abc")
      #expect(try await client.answer().text == "POST /2 def")
      #expect(try await client.answer().text == "GET /3 ")
    }
  }

  @Test("More waiting requests than may wait: those that may are answered, the last says close, the rest is dropped")
  func tooManyWaiting() async throws {
    let gate = Signal()
    try await withServer(
      configure: { $0.pipelinedRequestsMax = 3 },
      handler: { exchange in
        if exchange.request.path == "/0" {
          exchange.task {
            await gate.wait()
            exchange.respond(HTTPResponse(status: 200))
          }
        } else {
          exchange.respond(HTTPResponse(status: 200, body: Array(exchange.request.path.utf8)))
        }
      }
    ) { server in
      let client = try server.client()
      try await client.send((0..<10).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
      gate.give()
      #expect(try await client.answer()["Connection"] == nil)
      #expect(try await client.answer().text == "/1")
      #expect(try await client.answer().text == "/2")
      let last = try await client.answer()
      #expect(last.text == "/3")
      #expect(last["Connection"] == "close")
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("HTTP/1.0 closes unless asked to keep alive, and needs no Host")
  func http10() async throws {
    try await withServer { server in
      let closing = try server.client()
      try await closing.send("GET / HTTP/1.0\r\n\r\n")
      let first = try await closing.answer()
      #expect(first.status == 200)
      #expect(first["Connection"] == "close")
      #expect(try await closing.rest().isEmpty)

      let keeping = try server.client()
      try await keeping.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      #expect(try await keeping.answer()["Connection"] == "keep-alive")
      try await keeping.send("GET /2 HTTP/1.0\r\n\r\n")
      #expect(try await keeping.answer().text == "GET /2 ")
    }
  }

  @Test("Connection: close is honoured and answered")
  func close() async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer()["Connection"] == "close")
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("A client that has closed its sending side still gets its answer")
  func halfClosed() async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
      client.closeWriting()
      #expect(try await client.answer().text == "POST / hi")
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("HEAD gets the length and no body")
  func head() async throws {
    try await withServer(handler: { exchange in
      let headers: HTTPHeaders = exchange.request.path == "/known" ? ["Content-Length": "12345"] : [:]
      let body = exchange.request.path == "/known" ? [] : Array("0123456789".utf8)
      exchange.respond(HTTPResponse(status: 200, headers: headers, body: body))
    }) { server in
      let client = try server.client()
      try await client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer(toHead: true)["Content-Length"] == "10")
      try await client.send("HEAD /known HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer(toHead: true)["Content-Length"] == "12345")
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().text == "0123456789")
    }
  }

  @Test("204 and 304 have neither body nor length", arguments: [204, 304])
  func bodiless(status: Int) async throws {
    try await withServer(handler: { $0.respond(HTTPResponse(status: status, body: [1, 2, 3])) }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == status)
      #expect(answer["Content-Length"] == nil)
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().status == status)
    }
  }

  @Test("A request to upgrade is answered as if it had not asked")
  func upgrade() async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.text == "GET / ")
      #expect(answer["Connection"] == "close")
    }
  }

  @Test(
    "A caller's request id is taken over when it is harmless",
    arguments: [
      ("abc-123_x.y", true), (String(repeating: "a", count: 128), true), (String(repeating: "a", count: 129), false),
      ("a b", false), ("a\"b", false), ("ä", false),
    ])
  func requestId(id: String, isTaken: Bool) async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: \(id)\r\n\r\n")
      let answer = try await client.answer()
      #expect((answer["X-Request-Id"] == id) == isTaken)
      #expect(answer["X-Request-Id"]?.isEmpty == false)
    }
  }

  @Test("Work put off to the end of the tick runs once, after the requests of the tick")
  func endOfTick() async throws {
    let order = Mutex<[String]>([])
    let done = Signal()
    try await withServer(handler: { exchange in
      order.withLock { $0.append(exchange.request.path) }
      if exchange.request.path == "/1" {
        exchange.atEndOfTick { order.withLock { $0.append("end") } }
        exchange.atEndOfTick { done.give() }
      }
      exchange.respond(HTTPResponse(status: 200))
    }) { server in
      let client = try server.client()
      try await client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
      await done.wait()
      #expect(order.withLock { $0 } == ["/1", "/2", "end"])
    }
  }
}
