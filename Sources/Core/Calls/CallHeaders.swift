/// Header fields on their way into functions and out of them. What functions answer is not trusted.
package enum CallHeaders {
  /// Between two neighbours only (RFC 9110, section 7.6.1): never handed on, neither way.
  private static let hopByHop: Set<String> = [
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
  ]

  /// The server's own: length, date, ids, and which pages may call (`Access-Control-…`).
  private static let ours: Set<String> = [
    "content-length", "date", "x-request-id", "access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-headers",
    "access-control-allow-methods", "access-control-allow-private-network", "access-control-max-age",
  ]

  /// What speaks for the whole origin, which is the API's.
  private static let ofTheOrigin: Set<String> = [
    "strict-transport-security", "clear-site-data", "service-worker-allowed", "alt-svc", "nel", "report-to", "reporting-endpoints", "origin-agent-cluster",
  ]

  /// What a function hears: lower-case names, each once (RFC 9110, section 5.3), without hop-by-hop fields and those that `Connection` names.
  /// Without `Authorization` too, unless it is the function's own matter: what signs in to Roost is nobody else's.
  package static func forFunction(_ fields: some Sequence<(name: String, value: String)>, withAuthorization: Bool) -> [(name: String, value: String)] {
    var named = hopByHop
    if !withAuthorization { named.insert("authorization") }
    var places: [String: Int] = [:]
    var headers: [(name: String, value: String)] = []
    for (name, value) in fields {
      let name = name.lowercased()
      if name == "connection" { for token in value.split(separator: ",") { named.insert(token.filter { $0 != " " && $0 != "\t" }.lowercased()) } }
      if let place = places[name] {
        headers[place].value += (name == "cookie" ? "; " : ", ") + value
      } else {
        places[name] = headers.count
        headers.append((name, value))
      }
    }
    return headers.filter { !named.contains($0.name) }
  }

  /// What a caller gets of it.
  package static func forCaller(_ headers: [(name: String, value: String)], isSite: Bool) -> [(name: String, value: String)] {
    var named = hopByHop.union(ours)
    if !isSite { named.formUnion(ofTheOrigin) }
    for (name, value) in headers where name.lowercased() == "connection" {
      for token in value.split(separator: ",") { named.insert(token.filter { $0 != " " && $0 != "\t" }.lowercased()) }
    }
    return headers.filter { !named.contains($0.name.lowercased()) }
  }

  /// Throws for what could split an answer or is no field at all (RFC 9110, sections 5.1 and 5.5), and for too much.
  static func require(_ headers: [(name: String, value: String)]) throws(CallAnswer.Malformed) {
    var bytes = 0
    for (name, value) in headers {
      guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else {
        throw CallAnswer.Malformed(reason: "it answered a header with the name '\(name.prefix(40))', which HTTP does not allow")
      }
      guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
        throw CallAnswer.Malformed(reason: "the value of its header '\(name.prefix(80))' has a control character")
      }
      bytes += name.utf8.count + value.utf8.count + 4
    }
    guard headers.count <= Limits.callAnswerHeadersMax, bytes <= Limits.callAnswerHeadBytesMax else {
      throw CallAnswer.Malformed(
        reason: "it answered more than \(Limits.callAnswerHeadersMax) headers, or more than \(Limits.callAnswerHeadBytesMax) bytes of them")
    }
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
