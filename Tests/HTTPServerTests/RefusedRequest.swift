import Testing

/// Requests that break a rule, and what becomes of them.
struct RefusedRequest: Sendable, CustomTestStringConvertible {
  let name: String
  let request: String
  let status: Int
  var code = "bad_request"

  var testDescription: String { name }

  static let all: [RefusedRequest] = [
    // Two programs could read a different length: request smuggling (RFC 9112, 11.2).
    RefusedRequest(name: "both lengths", request: post("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), status: 400),
    RefusedRequest(name: "both lengths, the other way", request: post("Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"), status: 400),
    RefusedRequest(name: "two different lengths", request: post("Content-Length: 3\r\nContent-Length: 4", "abcd"), status: 400),
    RefusedRequest(name: "the same length twice", request: post("Content-Length: 3\r\nContent-Length: 3", "abc"), status: 400),
    RefusedRequest(name: "a list of lengths", request: post("Content-Length: 3, 3", "abc"), status: 400),
    RefusedRequest(name: "a length with a sign", request: post("Content-Length: +3", "abc"), status: 400),
    RefusedRequest(name: "a negative length", request: post("Content-Length: -3", "abc"), status: 400),
    RefusedRequest(name: "a length in hexadecimal", request: post("Content-Length: 0x3", "abc"), status: 400),
    RefusedRequest(name: "an empty length", request: post("Content-Length: ", "abc"), status: 400),
    RefusedRequest(name: "a length beyond 64 bits", request: post("Content-Length: 99999999999999999999", "abc"), status: 400),
    RefusedRequest(name: "chunked twice", request: post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), status: 400),
    RefusedRequest(name: "gzip and chunked", request: post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), status: 501, code: "not_implemented"),
    RefusedRequest(name: "a coding that is not chunked", request: post("Transfer-Encoding: identity", "abc"), status: 501, code: "not_implemented"),
    RefusedRequest(name: "chunked with something before it", request: post("Transfer-Encoding: xchunked", "0\r\n\r\n"), status: 501, code: "not_implemented"),
    RefusedRequest(name: "chunked in HTTP/1.0", request: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", status: 400),
    RefusedRequest(name: "a space before the colon", request: get("Content-Length : 3"), status: 400),
    RefusedRequest(name: "a folded field", request: get("X-A: b\r\n c"), status: 400),
    RefusedRequest(name: "a field that begins with a space", request: "GET / HTTP/1.1\r\n Host: x\r\n\r\n", status: 400),
    RefusedRequest(name: "a field without a colon", request: get("Nonsense"), status: 400),
    RefusedRequest(name: "an empty field name", request: get(": x"), status: 400),
    RefusedRequest(name: "NUL in a value", request: get("X-A: b\u{0}c"), status: 400),
    RefusedRequest(name: "a bare CR in a value", request: get("X-A: b\rc"), status: 400),
    RefusedRequest(name: "a bare LF as a line's end", request: "GET / HTTP/1.1\nHost: x\n\n", status: 505, code: "http_version_not_supported"),
    RefusedRequest(name: "a bare LF as a field's end", request: "GET / HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n", status: 400),
    RefusedRequest(name: "a control character in a value", request: get("X-A: b\u{1}c"), status: 400),
    RefusedRequest(name: "a parenthesis in a name", request: get("X(A): b"), status: 400),
    RefusedRequest(name: "no Host", request: "GET / HTTP/1.1\r\n\r\n", status: 400),
    RefusedRequest(name: "two Hosts", request: get("Host: y"), status: 400),
    RefusedRequest(name: "two like Hosts", request: get("Host: x"), status: 400),
    RefusedRequest(name: "a Host that is a URL", request: "GET / HTTP/1.1\r\nHost: http://x/\r\n\r\n", status: 400),
    RefusedRequest(name: "a Host with a user", request: "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", status: 400),
    RefusedRequest(name: "a target with a space", request: "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
    RefusedRequest(name: "a target that is a word", request: "GET a HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
    RefusedRequest(name: "another scheme", request: "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
    RefusedRequest(name: "an unknown method", request: "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
    RefusedRequest(name: "a method in lower case", request: "get / HTTP/1.1\r\nHost: x\r\n\r\n", status: 400),
    RefusedRequest(name: "nonsense", request: "\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n", status: 400),
    RefusedRequest(name: "CONNECT", request: "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", status: 501, code: "not_implemented"),
    RefusedRequest(name: "an unknown expectation", request: get("Expect: miracles"), status: 417),
    RefusedRequest(name: "HTTP/2 without asking", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 400),
    RefusedRequest(name: "HTTP/3.7", request: "GET / HTTP/3.7\r\nHost: x\r\n\r\n", status: 505, code: "http_version_not_supported"),
    RefusedRequest(name: "a target of 9 KiB", request: "GET /\(text(9 * 1024)) HTTP/1.1\r\nHost: x\r\n\r\n", status: 414, code: "uri_too_long"),
    RefusedRequest(name: "a head of 17 KiB", request: get("X-A: \(text(17 * 1024))"), status: 431, code: "headers_too_large"),
    RefusedRequest(
      name: "a head of 17 KiB in many fields", request: get((0..<50).map { "X-\($0): \(text(350))" }.joined(separator: "\r\n")), status: 431,
      code: "headers_too_large"),
    RefusedRequest(name: "a thousand fields", request: get((0..<1000).map { "A\($0): b" }.joined(separator: "\r\n")), status: 431, code: "headers_too_large"),
  ]

  private static func get(_ fields: String) -> String {
    "GET / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\r\n"
  }

  private static func post(_ fields: String, _ body: String) -> String {
    "POST / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\r\n\(body)"
  }

  private static func text(_ count: Int) -> String {
    String(repeating: "a", count: count)
  }
}
