import Core
import JSON
import Testing

@testable import Functions

/// What a function's proxy decides and keeps, without sockets.
@Suite struct NetworkProxyTests {
  private static func allows(_ network: JSONValue, _ place: String) throws -> Bool {
    let permission = try #require(try NetworkPermission(network))
    return permission.allows(try #require(NetworkPlace(place)))
  }

  @Test(arguments: [
    ("api.example.com:443", true), ("API.Example.com.:80", true), ("api.example.com:8080", false), ("example.com:443", false),
    ("xapi.example.com:443", false), ("api.example.com.evil.org:443", false), ("a.stripe.com:8443", true), ("a.b.stripe.com:8443", true),
    ("stripe.com:8443", false), ("evilstripe.com:8443", false), ("a.stripe.com:443", false), ("192.0.2.7:8080", true), ("192.0.2.7:80", false),
    ("3221225991:8080", true), ("[2001:db8::1]:443", true), ("[2001:db8::2]:443", false),
  ])
  func `A list allows its hosts and ports and nothing else`(_ place: String, _ isAllowed: Bool) throws {
    #expect(try Self.allows(["api.example.com", "*.stripe.com:8443", "192.0.2.7:8080", "[2001:db8::1]"], place) == isAllowed)
  }

  @Test func `Everything but mail is allowed with true, and nothing without`() throws {
    #expect(try Self.allows(true, "example.com:5432"))
    #expect(try !Self.allows(true, "example.com:25"))
    #expect(try Self.allows(["example.com:25"], "example.com:25"))
    for none in [nil, .null, false, []] as [JSONValue?] { #expect(try NetworkPermission(none) == nil) }
  }

  @Test(arguments: ["", "*", "*.", "http://a.com", "a.com/x", "a.com:0", "a.com:65536", "a.com:", "u@a.com", "*.1.2.3.4", "a b", "[::1", "a.*.com"])
  func `What is no host is refused`(_ text: String) {
    #expect(throws: RoostError.self) { try NetworkPermission([.string(text)]) }
  }

  @Test func `A tunnel takes what came with its head, byte by byte or at once`() throws {
    let text = Array("CONNECT a.example:443 HTTP/1.1\r\nHost: other:1\r\n\r\nhello".utf8)
    for count in 0..<(text.count - 5) { #expect(try ProxyRequest(Array(text.prefix(count))) == nil) }
    let request = try #require(try ProxyRequest(text))
    #expect(request.isTunnel && request.place.text == "a.example:443" && request.opening == Array("hello".utf8))
  }

  @Test func `A request in absolute form becomes one in origin form, for the host of its address`() throws {
    let text = "POST http://a.example:8080?x=1 HTTP/1.1\r\nHost: b.example\r\nProxy-Connection: keep-alive\r\nX: y\r\nContent-Length: 2\r\n\r\nok"
    let request = try #require(try ProxyRequest(Array(text.utf8)))
    #expect(!request.isTunnel && request.place.text == "a.example:8080")
    let opening = String(decoding: request.opening, as: UTF8.self)
    #expect(opening == "POST /?x=1 HTTP/1.1\r\nHost: a.example:8080\r\nX: y\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\n\r\n", "CONNECT a.example HTTP/1.1\r\n\r\n", "CONNECT u@a.example:1 HTTP/1.1\r\n\r\n", "GET https://a.example/ HTTP/1.1\r\n\r\n",
    "GET http://u:p@a.example/ HTTP/1.1\r\n\r\n", "GET http:///x HTTP/1.1\r\n\r\n", "CONNECT a.example:1 HTTP/2\r\n\r\n", "\r\n\r\n\r\n",
    "GET http://a.example/ HTTP/1.1\r\nX: a\rY: b\r\n\r\n", "GET http://a.example/ HTTP/1.1\r\nX: \0\r\n\r\n",
  ])
  func `What is no request to a proxy is refused`(_ text: String) {
    #expect(throws: LoopbackBreach.self) { try ProxyRequest(Array(text.utf8)) }
  }

  @Test func `A head without end is refused`() {
    #expect(throws: LoopbackBreach.self) { try ProxyRequest([UInt8](repeating: 65, count: NetworkLimits.headBytesMax + 1)) }
  }

  @Test func `A flow keeps no more than its bound, and passes the end on after the last byte`() {
    var flow = TunnelFlow()
    flow.take([UInt8](repeating: 1, count: NetworkLimits.heldBytesMax))
    #expect(flow.room == 0)
    flow.gone(10)
    #expect(flow.room == 10 && flow.waiting == NetworkLimits.heldBytesMax - 10)
    flow.take([2, 3])
    flow.end()
    #expect(flow.room == 0 && !flow.owesEnd && flow.unsent.suffix(2) == [2, 3])
    flow.gone(flow.waiting)
    #expect(flow.owesEnd && flow.total == Int64(NetworkLimits.heldBytesMax + 2))
    flow.passedEnd()
    #expect(flow.isOver && !flow.owesEnd)
  }
}
