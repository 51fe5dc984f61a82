import NIOHTTP1

/// What a checked head says about its request and its connection.
struct RequestHeadFacts: Sendable {
  var contentLength: Int?
  var isChunked = false
  /// Whether the caller lets the connection live on.
  var keepsAlive = true
  var isHTTP10 = false
  var expectsContinue = false
  /// The caller's request id, when it may be taken over.
  var requestId: String?
  /// The trace that the request is part of.
  var traceId: String?
  var origin: String?

  var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }
}

/// The rules that a head must keep so that every program on its way reads the same request (RFC 9112, 3.2, 6.3 and 11.2).
/// The decoder below already refuses folded fields, control characters, both lengths at once and bad chunks.
enum RequestHeadCheck {
  static func check(
    _ head: HTTPRequestHead, configuration: HTTPServerConfiguration
  ) -> Result<RequestHeadFacts, RequestRefusal> {
    var facts = RequestHeadFacts()
    facts.isHTTP10 = head.version.minor == 0
    facts.keepsAlive = !facts.isHTTP10
    var hosts = 0
    var lengths: [String] = []
    var codings: [String] = []
    for (name, value) in head.headers {
      switch name.utf8.count {
      case 4 where name.isField("host"):
        hosts += 1
        guard isAcceptableHost(value) else { return .failure(.badRequest("The Host field is not a host.")) }
      case 6 where name.isField("expect"):
        guard value.isField("100-continue") else { return .failure(.unknownExpectation) }
        // RFC 9110, 10.1.1: an expectation in an HTTP/1.0 request is ignored.
        facts.expectsContinue = !facts.isHTTP10
      case 6 where name.isField("origin"):
        facts.origin = value
      case 7 where name.isField("upgrade"):
        // The decoder stops at an upgrade, which this server never makes: the answer is the connection's last.
        facts.keepsAlive = false
      case 10 where name.isField("connection"):
        note(connection: value, in: &facts)
      case 11 where name.isField("traceparent"):
        facts.traceId = TraceParent.traceId(value)
      case 12 where name.isField("x-request-id"):
        if RequestIds.isAcceptable(value) { facts.requestId = value }
      case 14 where name.isField("content-length"):
        lengths.append(value)
      case 17 where name.isField("transfer-encoding"):
        codings.append(value)
      default:
        break
      }
    }
    if hosts > 1 { return .failure(.badRequest("There is more than one Host field.")) }
    if hosts == 0, !facts.isHTTP10 { return .failure(.badRequest("The Host field is missing.")) }
    if let refusal = framing(lengths: lengths, codings: codings, in: &facts) { return .failure(refusal) }
    if head.method == .CONNECT { return .failure(.tunnel) }
    if head.uri.utf8.count > configuration.targetBytesMax { return .failure(.targetTooLong) }
    return .success(facts)
  }

  private static func framing(lengths: [String], codings: [String], in facts: inout RequestHeadFacts) -> RequestRefusal? {
    if !codings.isEmpty {
      if !lengths.isEmpty { return .badRequest("Content-Length and Transfer-Encoding exclude each other.") }
      if facts.isHTTP10 { return .badRequest("HTTP/1.0 has no Transfer-Encoding.") }
      guard codings.count == 1, codings[0].isField("chunked") else { return .unknownTransferCoding }
      facts.isChunked = true
    }
    guard let first = lengths.first else { return nil }
    guard lengths.count == 1 else { return .badRequest("There is more than one Content-Length field.") }
    guard first.utf8.count <= 18, first.utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(first) else {
      return .badRequest("The Content-Length is not a number.")
    }
    facts.contentLength = length
    return nil
  }

  private static func note(connection value: String, in facts: inout RequestHeadFacts) {
    if value.isField("keep-alive") {
      facts.keepsAlive = true
      return
    }
    for option in value.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }) {
      if option.lowercased() == "close" { facts.keepsAlive = false; return }
      if option.lowercased() == "keep-alive", facts.isHTTP10 { facts.keepsAlive = true }
    }
  }

  /// Characters of a host and port, no more: what is not one is often an attempt to be read in two ways.
  private static func isAcceptableHost(_ host: String) -> Bool {
    host.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "%"), UInt8(ascii: "~"):
        true
      default: false
      }
    }
  }
}

extension String {
  /// Whether this is `lowercase` in any case of letters; for names of known fields.
  func isField(_ lowercase: StaticString) -> Bool {
    let count = lowercase.utf8CodeUnitCount
    var text = self
    return text.withUTF8 { bytes in
      guard bytes.count == count else { return false }
      for index in 0..<count {
        var byte = bytes[index]
        if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) { byte |= 0x20 }
        if byte != lowercase.utf8Start[index] { return false }
      }
      return true
    }
  }
}
