/// A URL that the server may be told to call: `http` or `https`, read strictly, so that no two programs can disagree about its host.
package struct OutboundURL: Sendable, Hashable {
  package enum Host: Sendable, Hashable {
    /// In lower case, without a final dot.
    case name(String)
    case address(IPAddress)
  }

  package struct Invalid: Error, Sendable {
    package let reason: String
  }

  package let isSecure: Bool
  package let host: Host
  package let port: Int
  /// Path and query, as in a request line; at least `/`.
  package let target: String

  package init(_ text: String) throws(Invalid) {
    guard text.utf8.count <= Limits.outboundURLBytesMax else { throw Invalid(reason: "it is longer than \(Limits.outboundURLBytesMax) bytes") }
    guard text.utf8.allSatisfy(Self.isURICharacter) else {
      throw Invalid(reason: "it has characters that no URL has; write them percent-encoded, and a name with other letters in its xn-- form")
    }
    let lower = text.prefix(8).lowercased()
    let scheme = lower.hasPrefix("https://") ? "https://" : lower.hasPrefix("http://") ? "http://" : nil
    guard let scheme else { throw Invalid(reason: "it begins with neither http:// nor https://") }
    isSecure = scheme == "https://"
    let rest = text.dropFirst(scheme.count)
    guard !rest.contains("#") else { throw Invalid(reason: "it has a fragment (#), which is never sent") }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard !authority.contains("@") else { throw Invalid(reason: "it has a user or password, which would end in logs; use `headers`") }
    (host, port) = try Self.hostAndPort(String(authority), isSecure ? 443 : 80)
    let target = rest.dropFirst(authority.count)
    self.target = target.hasPrefix("/") ? String(target) : "/" + target
  }

  private init(_ other: OutboundURL, target: String) {
    isSecure = other.isSecure
    host = other.host
    port = other.port
    self.target = target
  }

  /// The same server, with this path and query, out of a request line, behind the URL's own. `nil` if the path could lead out of the
  /// URL's own path.
  package func appending(path: String, query: String?) -> OutboundURL? {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var base = String(parts[0])
    if base.hasSuffix("/"), path.hasPrefix("/") { base.removeLast() }
    let queries = [parts.count > 1 ? String(parts[1]) : nil, query].compactMap { $0 }.filter { !$0.isEmpty }
    let all = base + path + (queries.isEmpty ? "" : "?" + queries.joined(separator: "&"))
    guard all.utf8.allSatisfy({ Self.isURICharacter($0) && $0 != UInt8(ascii: "#") }) else { return nil }
    let segments = path.lowercased().split(separator: "/").map { String($0).replacing("%2e", with: ".") }
    guard !segments.contains(where: { $0 == "." || $0 == ".." }), !path.lowercased().contains("%2f"), !path.lowercased().contains("%5c") else { return nil }
    return OutboundURL(self, target: all)
  }

  package var origin: String {
    let name =
      switch host {
      case .name(let name): name
      case .address(.v4(let number)): IPAddress.v4(number).text
      case .address(.v6(let number)): "[" + IPAddress.v6(number).text + "]"
      }
    let isUsual = port == (isSecure ? 443 : 80)
    return (isSecure ? "https://" : "http://") + name + (isUsual ? "" : ":\(port)")
  }

  package var text: String { origin + target }

  // MARK: Reading

  /// RFC 3986, section 2.
  private static func isURICharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "-._~:/?#[]@!$&'()*+,;=%".utf8.contains(byte)
    }
  }

  private static func hostAndPort(_ authority: String, _ usual: Int) throws(Invalid) -> (Host, Int) {
    var hostText = authority
    var port = usual
    let afterHost = authority.lastIndex(of: "]") ?? authority.startIndex
    if let colon = authority[afterHost...].firstIndex(of: ":") {
      let digits = authority[authority.index(after: colon)...]
      guard !digits.isEmpty, digits.utf8.count <= 5, digits.utf8.allSatisfy({ $0 >= 48 && $0 < 58 }), let number = Int(digits), (1...65_535).contains(number)
      else { throw Invalid(reason: "its port is not a number from 1 to 65535") }
      port = number
      hostText = String(authority[..<colon])
    }
    guard !closedPorts.contains(port) else { throw Invalid(reason: "port \(port) belongs to another protocol than HTTP") }
    guard !hostText.isEmpty else { throw Invalid(reason: "it names no host") }
    if hostText.hasPrefix("[") {
      guard hostText.hasSuffix("]"), case .v6(let number)? = IPAddress(String(hostText.dropFirst().dropLast())) else {
        throw Invalid(reason: "what stands in brackets is not an IPv6 address")
      }
      return (.address(.v6(number)), port)
    }
    if let address = try NumericHost.address(hostText) { return (.address(address), port) }
    return (.name(try name(hostText)), port)
  }

  private static func name(_ text: String) throws(Invalid) -> String {
    var name = text.lowercased()
    if name.hasSuffix(".") { name.removeLast() }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    let isName =
      !name.isEmpty && name.utf8.count <= 253
      && labels.allSatisfy { label in
        (1...63).contains(label.utf8.count)
          && label.utf8.allSatisfy {
            ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) || ($0 >= 48 && $0 < 58) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
          }
      }
    guard isName else { throw Invalid(reason: "'\(text.prefix(80))' is not a host's name") }
    return name
  }

  /// The ports that browsers refuse ("bad ports", https://fetch.spec.whatwg.org/#port-blocking): their servers could take a request for
  /// something else.
  private static let closedPorts: Set<Int> = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123,
    135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995,
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
  ]
}

/// IPv4 addresses as C libraries and browsers read them: `2130706433`, `0x7f.1`, `0177.0.0.1`
/// (https://url.spec.whatwg.org/#concept-ipv4-parser).
enum NumericHost {
  /// `nil` for a name. Throws where the last label is a number and the whole is no address: nobody would know what it means.
  static func address(_ text: String) throws(OutboundURL.Invalid) -> IPAddress? {
    var labels = text.lowercased().split(separator: ".", omittingEmptySubsequences: false)
    if labels.count > 1, labels.last == "" { labels.removeLast() }
    guard let last = labels.last, last.utf8.allSatisfy({ $0 >= 48 && $0 < 58 }) && !last.isEmpty || number(last) != nil else { return nil }
    let invalid = OutboundURL.Invalid(reason: "'\(text.prefix(80))' is not an IPv4 address")
    guard labels.count <= 4 else { throw invalid }
    var address: UInt64 = 0
    for (position, label) in labels.enumerated() {
      guard let value = number(label) else { throw invalid }
      if position < labels.count - 1 {
        guard value < 256 else { throw invalid }
        address |= value << UInt64(24 - 8 * position)
      } else {
        // The last number fills all that is left.
        guard value < 1 << UInt64(8 * (5 - labels.count)) else { throw invalid }
        address |= value
      }
    }
    return .v4(UInt32(truncatingIfNeeded: address))
  }

  private static func number(_ label: Substring) -> UInt64? {
    guard !label.isEmpty, label.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
    if label.hasPrefix("0x") { return label.count == 2 ? 0 : UInt64(label.dropFirst(2), radix: 16) }
    if label.hasPrefix("0"), label.count > 1 { return UInt64(label.dropFirst(), radix: 8) }
    return UInt64(label)
  }
}
