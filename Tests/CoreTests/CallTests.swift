import JSON
import Synchronization
import TestKit
import Testing

@testable import Core

/// Calls of functions over HTTP: the paths of triggers, what functions get and what may come out of them.
@Suite struct CallTests {
  // MARK: Paths

  @Test(
    arguments: [
      ("/", [], [:]), ("/a", ["a"], [:]), ("/a/", ["a"], [:]), ("/a/{b}", ["a", "x/y"], ["b": "x/y"]), ("/{a}/{b}", ["1", "2"], ["a": "1", "b": "2"]),
      ("/{rest...}", [], ["rest": ""]), ("/{rest...}", ["a", "b"], ["rest": "a/b"]), ("/a/{rest...}", ["a"], ["rest": ""]),
      ("/a/{_b1}/{rest...}", ["a", "b", "c", "", "d"], ["_b1": "b", "rest": "c//d"]), ("/ä", ["ä"], [:]),
    ] as [(String, [String], [String: String])])
  func `A path fits and names its parts`(pattern: String, called: [String], params: [String: String]) throws {
    let found = try #require(try CallPath(pattern, pointer: "/path").match(called))
    #expect(Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.value) }) == params)
  }

  @Test(
    arguments: [
      ("/", ["a"]), ("/a", []), ("/a", ["A"]), ("/a", ["a", "b"]), ("/{a}", []), ("/{a}", [""]), ("/{a}/b", ["x", "c"]), ("/a/{rest...}", ["b"]),
      ("/a/{rest...}", []),
    ] as [(String, [String])])
  func `Another path does not fit`(pattern: String, called: [String]) throws {
    #expect(try CallPath(pattern, pointer: "/path").match(called) == nil)
  }

  @Test(arguments: [
    "", "a", "//", "/a//b", "/{}", "/{a", "/a}", "/{a}{b}", "/{a}/{a}", "/{a...}/b", "/{...}", "/{1a}", "/..", "/./a", "/a b", "/a?b", "/%41", "/{a..}",
  ])
  func `What is no path is refused`(pattern: String) {
    #expect(throws: RoostError.self) { try CallPath(pattern, pointer: "/path") }
  }

  // MARK: What functions get

  private static func request(body: [UInt8], parameters: [(name: String, value: String)] = []) throws -> JSONValue {
    let request = CallRequest(
      id: "r1", method: "POST", url: "http://x/v1/call/f/a", path: "/a", query: "", parameters: parameters, params: [("p", "1")],
      headers: [("host", "x"), ("cookie", "a=1; b=2")], body: body, auth: ["type": "user", "id": "u"], remoteAddress: "127.0.0.1",
      time: Timestamp(milliseconds: 0))
    return try JSONValue(parsing: request.json())
  }

  @Test func `A body is exact to the byte, whatever it holds`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededRandom(seed: seed)
    var bodies: [[UInt8]] = [
      [], [0], [0xFF], Array("plain".utf8), Array("ä€😀\u{feff}".utf8), Array(0...255), Array(repeating: 1, count: 100), [0xED, 0xA0, 0x80],
    ]
    for _ in 0..<500 {
      let printable = Bool.random(using: &random)
      bodies.append((0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8.random(in: printable ? 32...126 : 0...255, using: &random) })
    }
    for body in bodies {
      let event = try Self.request(body: body)
      let text = try #require(event["body"]?.stringValue)
      let got = event["isBase64Encoded"] == true ? try #require(Base64.decode(text)) : Array(text.utf8)
      #expect(got == body, "seed \(seed)")
      // Never much longer than Base64 would be.
      #expect(event.bytes().count < 1500 + body.count * 3 / 2)
    }
  }

  @Test func `It has our names and those of AWS's payload 2.0`() throws {
    let event = try Self.request(body: Array("{}".utf8), parameters: [("a", "1"), ("a", "2"), ("b", "")])
    #expect(event["type"] == "roost.http.request" && event["version"] == "2.0" && event["method"] == "POST" && event["auth"]?["id"] == "u")
    #expect(event["query"] == ["a": "2", "b": ""] && event["queryStringParameters"] == ["a": "1,2", "b": ""])
    #expect(event["rawPath"] == "/a" && event["cookies"] == ["a=1", "b=2"] && event["pathParameters"] == ["p": "1"])
    #expect(event["requestContext"]?["http"]?["method"] == "POST" && event["requestContext"]?["authorizer"]?["lambda"]?["id"] == "u")
  }

  @Test func `Headers come once each, without hop-by-hop fields and without what signs in to Roost`() {
    let sent = [
      ("Host", "x"), ("Authorization", "Bearer secret"), ("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1"), ("cookie", "b=2"), ("Connection", "close, X-Hop"),
      ("X-Hop", "1"), ("TE", "trailers"), ("Transfer-Encoding", "chunked"), ("Upgrade", "h2c"), ("Proxy-Authorization", "Basic x"),
    ].map { (name: $0.0, value: $0.1) }
    let got = CallHeaders.forFunction(sent, withAuthorization: false)
    #expect(got.map(\.name) == ["host", "x-a", "cookie"] && got.map(\.value) == ["x", "1, 2", "a=1; b=2"])
    #expect(CallHeaders.forFunction(sent, withAuthorization: true).contains { $0.name == "authorization" && $0.value == "Bearer secret" })
  }

  // MARK: What comes out of them

  private static func answer(_ json: String?) throws -> (status: Int, headers: [String], body: String) {
    let answer = try CallAnswer(json.map { Array($0.utf8) })
    return (answer.status, answer.headers.map { "\($0.name): \($0.value)" }, String(decoding: answer.body, as: UTF8.self))
  }

  @Test(
    arguments: [
      (nil, 204, [], ""), (#""hi""#, 200, ["content-type: text/plain; charset=utf-8"], "hi"),
      (#"{"a":1.50}"#, 200, ["content-type: application/json"], #"{"a":1.50}"#),
      ("null", 200, ["content-type: application/json"], "null"), (#"{"statusCode":"200"}"#, 200, ["content-type: application/json"], #"{"statusCode":"200"}"#),
      (#"{"statusCode":201}"#, 201, [], ""), (#"{"statusCode":200,"body":"x"}"#, 200, ["content-type: text/plain; charset=utf-8"], "x"),
      (#"{"statusCode":200,"body":{"a":1}}"#, 200, ["content-type: application/json"], #"{"a":1}"#),
      (#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#, 200, ["content-type: application/octet-stream"], "hi"),
      (
        #"{"statusCode":200,"headers":{"Content-Type":"text/html","x-n":1,"x-b":true,"x-none":null},"body":"<p>"}"#, 200,
        ["Content-Type: text/html", "x-n: 1", "x-b: true"], "<p>"
      ),
      (#"{"statusCode":302,"multiValueHeaders":{"x":["1","2"]},"cookies":["a=1"]}"#, 302, ["x: 1", "x: 2", "set-cookie: a=1"], ""),
    ] as [(String?, Int, [String], String)])
  func `What a function returned becomes a response`(json: String?, status: Int, headers: [String], body: String) throws {
    let answer = try Self.answer(json)
    #expect(answer.status == status && answer.headers == headers && answer.body == body)
  }

  @Test(arguments: [
    #"{"statusCode":100}"#, #"{"statusCode":199}"#, #"{"statusCode":600}"#, #"{"statusCode":0}"#, #"{"statusCode":-200}"#, #"{"statusCode":200,"headers":[]}"#,
    #"{"statusCode":200,"headers":{"a\r\nb":"1"}}"#, #"{"statusCode":200,"headers":{"a":"1\r\nSet-Cookie: b"}}"#, #"{"statusCode":200,"headers":{"a":"1\n"}}"#,
    #"{"statusCode":200,"headers":{"a":"\u0000"}}"#, #"{"statusCode":200,"headers":{"":"1"}}"#, #"{"statusCode":200,"headers":{"a b":"1"}}"#,
    #"{"statusCode":200,"headers":{"a:":"1"}}"#, #"{"statusCode":200,"headers":{"ä":"1"}}"#, #"{"statusCode":200,"headers":{"a":{}}}"#,
    #"{"statusCode":200,"cookies":["a\r\nb: c"]}"#, #"{"statusCode":200,"cookies":[1]}"#, #"{"statusCode":200,"body":"!","isBase64Encoded":true}"#, "{", "",
    #"{"statusCode":200,"multiValueHeaders":{"a":[["b"]]}}"#,
  ])
  func `What is no response is told so`(json: String) {
    #expect(throws: CallAnswer.Malformed.self) { try Self.answer(json) }
  }

  @Test func `A head has its limits`() {
    let many = (0...Limits.callAnswerHeadersMax).map { "\"x-\($0)\":\"1\"" }.joined(separator: ",")
    let long = String(repeating: "x", count: Limits.callAnswerHeadBytesMax)
    for headers in [many, "\"x\":\"\(long)\""] {
      #expect(throws: CallAnswer.Malformed.self) { try Self.answer("{\"statusCode\":200,\"headers\":{\(headers)}}") }
    }
  }

  @Test func `What is the server's, the connection's or the origin's to say is left out`() {
    let said = [
      "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "Trailer", "Date", "X-Request-ID", "Access-Control-Allow-Origin",
      "Strict-Transport-Security", "Clear-Site-Data", "Service-Worker-Allowed", "X-Mine", "Access-Control-Expose-Headers", "X-Dropped",
    ].map { (name: $0, value: $0 == "Connection" ? "x-dropped" : "1") }
    #expect(CallHeaders.forCaller(said, isSite: false).map(\.name) == ["X-Mine", "Access-Control-Expose-Headers"])
    let site = CallHeaders.forCaller(said, isSite: true).map(\.name)
    #expect(site == ["Strict-Transport-Security", "Clear-Site-Data", "Service-Worker-Allowed", "X-Mine", "Access-Control-Expose-Headers"])
  }

  // MARK: Pieces

  @Test func `Pieces come in their order, and what was taken is told`() async throws {
    let told = Told()
    let stream = CallStream(taken: { told.add($0) }, abandoned: {})
    stream.append([1, 2])
    stream.append([])
    let (waiting, total) = stream.append([3])
    #expect(waiting == 3 && total == 3)
    #expect(try await stream.next() == [1, 2] && told.bytes == 2)
    async let third = (try await stream.next(), try await stream.next())
    stream.append([4])
    #expect(try await third == ([3], [4]) && told.bytes == 4)
    stream.finish(.failure(RoostError(.functionFailed, "no")))
    await #expect(throws: RoostError.self) { try await stream.next() }
  }

  @Test func `A stream that nobody wants keeps nothing`() async throws {
    let told = Told()
    let stream = CallStream(taken: { _ in }, abandoned: { told.add(1) })
    stream.append([1])
    stream.cancel()
    let (waiting, total) = stream.append([2, 3])
    #expect(waiting == 0 && total == 3 && told.bytes == 1)
    await #expect(throws: CancellationError.self) { try await stream.next() }
  }
}

private final class Told: Sendable {
  private let state = Mutex(0)

  var bytes: Int { state.withLock { $0 } }

  func add(_ count: Int) { state.withLock { $0 += count } }
}
