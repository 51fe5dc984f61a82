import Core

/// What a client asks of the proxy: a tunnel (`CONNECT host:port`), or one request in absolute form (`GET http://host/…`; RFC 9112, 3.2.2), which
/// becomes a tunnel that begins with the same request in origin form.
struct ProxyRequest {
  let place: NetworkPlace
  /// A tunnel is confirmed, a request is answered by the other end.
  let isTunnel: Bool
  /// What the other end gets first.
  let opening: [UInt8]

  /// `nil` until the whole head has arrived.
  init?(_ bytes: [UInt8]) throws(LoopbackBreach) {
    guard let end = Self.end(of: bytes) else {
      guard bytes.count <= NetworkLimits.headBytesMax else { throw LoopbackBreach(431, "The head is larger than \(NetworkLimits.headBytesMax) bytes.") }
      return nil
    }
    let head = bytes[0..<end]
    guard head.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 13 || $0 == 10 || $0 == 9 }) else {
      throw LoopbackBreach(400, "The head holds control characters.")
    }
    // Without the empty line at its end.
    var lines = head.dropLast(2).split(separator: UInt8(ascii: "\n")).map { line in
      String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
    }
    guard !lines.contains(where: { $0.utf8.contains(13) }) else { throw LoopbackBreach(400, "A line ends with CR and LF.") }
    guard !lines.isEmpty else { throw LoopbackBreach(400, "The request has no request line.") }
    let parts = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts[2].hasPrefix("HTTP/1."), !parts[0].isEmpty else { throw LoopbackBreach(400, "The request line is none.") }
    let rest = bytes[end...]
    if parts[0] == "CONNECT" {
      guard let place = NetworkPlace(parts[1]) else { throw LoopbackBreach(400, "CONNECT takes a host and a port: api.example.com:443.") }
      self.place = place
      isTunnel = true
      opening = Array(rest)
      return
    }
    guard parts[1].prefix(7).lowercased() == "http://" else {
      throw LoopbackBreach(400, "This is a proxy: it takes CONNECT, and requests for http:// addresses. The project's API is at ROOST_URL.")
    }
    let behind = parts[1].dropFirst(7)
    let authority = String(behind.prefix { $0 != "/" && $0 != "?" })
    guard let place = NetworkPlace(authority, defaultPort: 80) else { throw LoopbackBreach(400, "The address of the request has no host that can be read.") }
    let target = behind.dropFirst(authority.count)
    self.place = place
    isTunnel = false
    opening = Self.originForm(parts[0], target.hasPrefix("/") ? String(target) : "/" + target, parts[2], authority, lines) + rest
  }

  /// The end of the head: behind the empty line.
  private static func end(of bytes: [UInt8]) -> Int? {
    var at = 3
    while at < min(bytes.count, NetworkLimits.headBytesMax) {
      if bytes[at] == 10, bytes[at - 1] == 13, bytes[at - 2] == 10, bytes[at - 3] == 13 { return at + 1 }
      at += 1
    }
    return nil
  }

  private static func originForm(_ method: String, _ target: String, _ version: String, _ host: String, _ headers: [String]) -> [UInt8] {
    // Of the connection to us alone. One request each: the next one may be for somebody else.
    let own: Set = ["host", "connection", "proxy-connection", "keep-alive", "proxy-authorization", "te", "upgrade"]
    var text = "\(method) \(target) \(version)\r\nHost: \(host)\r\n"
    for line in headers where !own.contains(line.prefix { $0 != ":" }.lowercased()) { text += line + "\r\n" }
    return Array((text + "Connection: close\r\n\r\n").utf8)
  }
}
