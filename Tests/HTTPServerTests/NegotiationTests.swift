import HTTPServer
import Testing

struct NegotiationCase: Sendable {
  var accept: String?
  var type = "application/json"
  var count = NegotiationTests.json.count
  var status = 200
  var method = "GET"
  var coding: String?
  var isCompressed = false
  var varies = true
}

@Suite("Compression and CORS")
struct NegotiationTests {
  static let json = Array(("[" + (0..<400).map { #"{"n":\#($0),"name":"somebody"}"# }.joined(separator: ",") + "]").utf8)

  @Test(
    "Large text is compressed for those who take it",
    arguments: [
      NegotiationCase(accept: "gzip", isCompressed: true),
      NegotiationCase(accept: "deflate, gzip;q=0.5, br", isCompressed: true),
      NegotiationCase(accept: "*", isCompressed: true),
      NegotiationCase(accept: "GZIP", isCompressed: true),
      NegotiationCase(accept: "x-gzip;q=1.0", isCompressed: true),
      NegotiationCase(accept: "gzip", type: "text/html; charset=utf-8", isCompressed: true),
      NegotiationCase(accept: "gzip", type: "application/problem+json", status: 400, isCompressed: true),
      NegotiationCase(accept: nil),
      NegotiationCase(accept: "gzip;q=0"),
      NegotiationCase(accept: "gzip;q=0.0, *"),
      NegotiationCase(accept: "gzip;q=nonsense"),
      NegotiationCase(accept: "identity, gzip;q=0.5"),
      NegotiationCase(accept: "br"),
      NegotiationCase(accept: "gzip", type: "image/png", varies: false),
      NegotiationCase(accept: "gzip", count: 1000, varies: false),
      NegotiationCase(accept: "gzip", status: 206, varies: false),
      NegotiationCase(accept: "gzip", method: "HEAD", varies: false),
      NegotiationCase(accept: "gzip", coding: "br", varies: false),
    ])
  func gzip(_ item: NegotiationCase) async throws {
    try await withServer(handler: { exchange in
      var headers: HTTPHeaders = ["Content-Type": item.type, "ETag": "\"7\""]
      headers["Content-Encoding"] = item.coding
      exchange.respond(HTTPResponse(status: item.status, headers: headers, body: Array(Self.json.prefix(item.count))))
    }) { server in
      let client = try server.client()
      let accept = item.accept.map { "Accept-Encoding: \($0)\r\n" } ?? ""
      try await client.send("\(item.method) / HTTP/1.1\r\nHost: x\r\n\(accept)\r\n")
      let answer = try await client.answer(toHead: item.method == "HEAD")
      #expect((answer["Content-Encoding"] == "gzip") == item.isCompressed)
      #expect((answer["Vary"] == "Accept-Encoding") == item.varies)
      #expect(answer["ETag"] == "\"7\"")
      if item.isCompressed {
        #expect(answer.body.count < item.count / 2)
        #expect(try gunzip(answer.body) == Array(Self.json.prefix(item.count)))
      } else if item.method != "HEAD" {
        #expect(answer.body.count == item.count)
      }
    }
  }

  @Test("What is large is compressed off the loop, in its turn")
  func gzipLarge() async throws {
    let large = (0..<20).flatMap { _ in Self.json }
    try await withServer(handler: { exchange in
      exchange.respond(HTTPResponse(status: 200, headers: ["Content-Type": "application/json"], body: large))
      exchange.respond(HTTPResponse(status: 500))
    }) { server in
      let client = try server.client()
      try await client.send(
        "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
      let compressed = try await client.answer()
      #expect(try gunzip(compressed.body) == large)
      #expect(try await client.answer().body == large)
    }
  }

  @Test("By default any page may call, without credentials")
  func anyOrigin() async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer["Access-Control-Allow-Origin"] == "*")
      #expect(answer["Access-Control-Allow-Credentials"] == nil)
      #expect(answer["Access-Control-Expose-Headers"]?.contains("ETag, Location, X-Request-Id, RateLimit") == true)
      #expect(answer["Vary"] == nil)
    }
  }

  @Test("The server answers preflights itself, and other OPTIONS go to the handler")
  func preflight() async throws {
    try await withServer { server in
      let client = try server.client()
      try await client.send(
        "OPTIONS /a HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: PATCH\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 204)
      #expect(answer["Access-Control-Allow-Origin"] == "*")
      #expect(answer["Access-Control-Allow-Methods"]?.contains("PATCH") == true)
      #expect(answer["Access-Control-Allow-Headers"]?.contains("Authorization") == true)
      #expect(answer["Access-Control-Max-Age"] == "7200")
      try await client.send("OPTIONS /a HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().text == "OPTIONS /a ")
      try await client.send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer()["Allow"]?.contains("DELETE") == true)
    }
  }

  @Test(
    "Listed origins may call and others may not",
    arguments: [
      ("https://a.example", true), ("https://b.example", false), ("https://a.example.evil", false), ("null", false),
    ])
  func listedOrigins(origin: String, isAllowed: Bool) async throws {
    try await withServer(configure: { $0.allowedOrigins = ["https://a.example"] }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\nOrigin: \(origin)\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer["Access-Control-Allow-Origin"] == (isAllowed ? origin : nil))
      #expect(answer["Vary"] == "Origin")
      try await client.send(
        "OPTIONS / HTTP/1.1\r\nHost: x\r\nOrigin: \(origin)\r\nAccess-Control-Request-Method: PUT\r\n\r\n")
      let preflight = try await client.answer()
      #expect(preflight["Access-Control-Allow-Origin"] == (isAllowed ? origin : nil))
      #expect((preflight["Access-Control-Allow-Methods"] != nil) == isAllowed)
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer()["Vary"] == "Origin")
    }
  }
}
