import HTTPServer
import Testing

@Suite("What breaks the rules is refused, and the connection closed")
struct ProtocolErrorTests {
  @Test("Refused", arguments: RefusedRequest.all)
  func refusedRequest(_ item: RefusedRequest) async throws {
    try await withServer(handler: { _ in Issue.record("The handler must not see it.") }) { server in
      let client = try server.client()
      try await client.send(item.request)
      let answer = try await client.answer()
      #expect(answer.status == item.status)
      #expect(answer["Content-Type"] == "application/problem+json")
      #expect(answer["Connection"] == "close")
      #expect(answer["Access-Control-Allow-Origin"] == "*")
      #expect(answer.text.contains(#""code":"\#(item.code)""#))
      #expect(answer.text.contains(#""status":\#(item.status),"#))
      let requestId = try #require(answer["X-Request-Id"])
      #expect(answer.text.contains(#""requestId":"\#(requestId)""#))
      #expect(try await client.rest().isEmpty)
    }
  }

  static let broken = [
    "zz\r\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-1\r\n\r\n", "fffffffffffffffffffff\r\n", "3 \r\nabc\r\n0\r\n\r\n",
    "0x3\r\nabc\r\n0\r\n\r\n", "3\nabc\n0\n\n", "3\r\nabc0\r\n\r\n", "3;\u{1}\r\nabc\r\n0\r\n\r\n", "\r\n",
    "0\r\nX: \(String(repeating: "a", count: 20_000))\r\n\r\n",
  ]

  @Test("A broken chunk fails the body, and nothing after it is read as a request", arguments: broken)
  func brokenChunk(chunks: String) async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 400)
      #expect(answer.text == "malformed")
      #expect(answer["Connection"] == "close")
      #expect(try await client.rest().isEmpty)
    }
  }

  static let unusual: [(String, String)] = [
    ("GET http://example.org/a/b?c HTTP/1.1\r\nHost: example.org\r\n\r\n", "GET http://example.org/a/b?c "),
    ("GET / HTTP/1.1\r\nhOsT: [::1]:8080\r\n\r\n", "GET / "),
    ("GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / "),
    ("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / "),
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 003\r\n\r\nabc", "POST / abc"),
    ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-Trailer: y\r\n\r\n", "POST / abc"),
    ("PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n", "PROPFIND / "),
    ("GET /%2e%2e/?q=%00 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%2e%2e/?q=%00 "),
  ]

  @Test("Unusual and right", arguments: unusual)
  func unusualRequest(request: String, expected: String) async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send(request + "GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().text == expected)
      #expect(try await client.answer().text == "GET /next ")
    }
  }

  @Test("An error behind a request that still runs waits for its turn")
  func errorBehindRequest() async throws {
    let gate = Signal()
    try await withServer(handler: { exchange in
      exchange.task {
        await gate.wait()
        exchange.respond(HTTPResponse(status: 200, body: Array("first".utf8)))
      }
    }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n")
      gate.give()
      #expect(try await client.answer().text == "first")
      // The first answer may have said close already, if the nonsense was seen before it.
      let rest = String(decoding: try await client.rest(), as: UTF8.self)
      #expect(rest.isEmpty || rest.hasPrefix("HTTP/1.1 400 "))
      #expect(!rest.contains("200 OK"))
    }
  }

  @Test(
    "A field that would split the answer makes it a 500",
    arguments: [
      ("Location", "/a\r\nSet-Cookie: b=c"), ("X-A", "b\nc"), ("X-A", "b\u{0}c"), ("X\r\nA", "b"), ("", "b"), ("X A", "b"),
    ])
  func split(name: String, value: String) async throws {
    try await withServer(handler: { $0.respond(HTTPResponse(status: 200, headers: [name: value])) }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 500)
      #expect(answer.text.contains(#""code":"internal""#))
      #expect(answer["Set-Cookie"] == nil)
    }
  }
}
