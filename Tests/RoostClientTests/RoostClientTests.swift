import HTTPServer
import JSON
import Synchronization
import Testing

@testable import RoostClient

@Suite struct RoostClientTests {
  private static func json(_ status: Int, _ text: String, type: String = "application/json") -> HTTPResponse {
    HTTPResponse(status: status, headers: ["Content-Type": type], body: Array(text.utf8))
  }

  private func failure(
    answerTime: Duration = ClientLimits.answerTime, _ response: @escaping CannedServer.Answer
  ) async throws -> RoostClientError {
    let failure = Mutex<RoostClientError?>(nil)
    try await CannedServer.with(response) { _, address in
      do {
        _ = try await RoostClient.with(server: address, token: "rk_test", answerTime: answerTime) { try await $0.collection("posts") }
      } catch let error as RoostClientError {
        failure.withLock { $0 = error }
      }
    }
    return try #require(failure.withLock { $0 })
  }

  @Test("a call has the method, path, token and body of the API")
  func request() async throws {
    try await CannedServer.with({ _ in Self.json(200, #"{"id":"a","version":2}"#) }) { server, address in
      let document = try await RoostClient.with(server: address + "/", token: "rk_test") {
        try await $0.putDocument(["title": "A"], id: "a b", in: "posts", ifVersion: 1)
      }
      #expect(document["version"] == 2)
      let asked = try #require(server.requests.first)
      #expect(asked.method == "PUT" && asked.target == "/v1/documents/posts/a%20b")
      #expect(asked.headers["Authorization"] == "Bearer rk_test" && asked.headers["If-Match"] == "\"1\"")
      #expect(asked.headers["Content-Type"] == "application/json" && asked.body == Array(#"{"title":"A"}"#.utf8))
    }
  }

  @Test("without a token there is no Authorization")
  func anonymous() async throws {
    try await CannedServer.with({ _ in Self.json(200, #"{"items":[{"id":"1"}],"nextCursor":"x"}"#) }) { server, address in
      let page = try await RoostClient.with(server: address, token: nil) { try await $0.documents("posts", ListOptions(filter: "a > 1", limit: 2)) }
      #expect(page.items.count == 1 && page.nextCursor == "x")
      #expect(server.requests.first?.target == "/v1/documents/posts?filter=a%20%3E%201&limit=2")
      #expect(server.requests.first?.headers.contains("Authorization") == false)
    }
  }

  @Test("a problem document becomes an error with all it says")
  func problem() async throws {
    let body =
      #"{"type":"about:blank","title":"x","status":422,"detail":"No.","code":"validation_failed","errors":[{"pointer":"/a","detail":"expected b"}],"requestId":"r1"}"#
    let error = try await failure { _ in Self.json(422, body, type: "application/problem+json") }
    #expect(error.status == 422 && error.code == "validation_failed" && error.detail == "No." && error.requestID == "r1")
    #expect(error.errors == [RoostClientError.Field(pointer: "/a", detail: "expected b")])
  }

  @Test("Retry-After is told")
  func retryAfter() async throws {
    let error = try await failure { _ in
      var response = Self.json(429, #"{"code":"too_many_requests","detail":"Wait."}"#)
      response.headers.add("Retry-After", "7")
      return response
    }
    #expect(error.retryAfter == 7 && error.code == "too_many_requests")
  }

  @Test(
    "what is not Roost's answer is an error, not a crash",
    arguments: [
      (200, "<html>hello</html>"), (200, "{\"a\":"), (502, "<h1>Bad Gateway</h1>"), (500, ""), (404, "[1]"), (418, "null"), (400, "{\"code\": 7}"),
      (200, "\u{FF}\u{0}"),
    ])
  func notRoost(status: Int, body: String) async throws {
    let error = try await failure { _ in Self.json(status, body, type: "text/html") }
    #expect(error.code == "answer_invalid")
  }

  @Test("a redirect is not followed: the token was for this server", arguments: [301, 302, 307, 308])
  func redirect(status: Int) async throws {
    try await CannedServer.with({ _ in Self.json(200, "{}") }) { other, elsewhere in
      let error = try await failure { _ in HTTPResponse(status: status, headers: ["Location": elsewhere + "/v1/collections/posts"]) }
      #expect(error.status == status)
      #expect(other.requests.isEmpty)
    }
  }

  @Test("a list that is none is an error")
  func noList() async throws {
    try await CannedServer.with({ _ in Self.json(200, #"{"items":7}"#) }) { _, address in
      await #expect(throws: RoostClientError.self) { try await RoostClient.with(server: address, token: nil) { try await $0.users() } }
    }
  }

  @Test("who does not answer in time is given up")
  func timeout() async throws {
    let error = try await failure(answerTime: .milliseconds(100)) { _ in nil }
    #expect(error.isLocal(.timeout))
  }

  @Test("where nobody listens, the error says so")
  func unreachable() async throws {
    // A port that was free a moment ago.
    let address = Mutex("")
    try await CannedServer.with({ _ in nil }) { _, here in address.withLock { $0 = here } }
    let gone = address.withLock { $0 }
    let error = await #expect(throws: RoostClientError.self) { try await RoostClient.with(server: gone, token: nil) { try await $0.ready() } }
    #expect(error?.isLocal(.unreachable) == true && error?.detail.contains(gone) == true && error?.detail.contains("nothing listens") == true)
  }

  @Test("a token that could break the head is refused", arguments: ["", "a b", "a\r\nX: y", "ä"])
  func tokens(token: String) {
    let error = #expect(throws: RoostClientError.self) { try RoostClient(server: "http://127.0.0.1:1", token: token) }
    #expect(error?.isLocal(.tokenInvalid) == true)
    #expect(error?.detail.contains("X: y") == false, "a secret is not repeated")
  }

  @Test("a file goes up and comes down in pieces")
  func files() async throws {
    let piece = (0..<(64 << 10)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let pieces = 100
    try await CannedServer.with({ asked in
      asked.method == "PUT" ? Self.json(201, #"{"size":\#(asked.body.count)}"#) : HTTPResponse(status: 200, body: piece)
    }) { server, address in
      let left = Mutex(pieces)
      let client = try RoostClient(server: address, token: "rk_test")
      let stored = try await client.putFile("a/b c.bin", in: "media", contentType: "image/png", bytesCount: Int64(piece.count * pieces)) {
        left.withLock { left in
          defer { left -= 1 }
          return left > 0 ? piece : nil
        }
      }
      #expect(stored["size"]?.intValue == Int64(piece.count * pieces))
      #expect(server.requests.first?.target == "/v1/files/media/a/b%20c.bin" && server.requests.first?.headers["Content-Type"] == "image/png")
      #expect(server.requests.first?.body.suffix(piece.count).elementsEqual(piece) == true)
      var received: [UInt8] = []
      try await client.getFile("a/b c.bin", in: "media") { received += $0 }
      #expect(received == piece)
      await client.close()
    }
  }
}
