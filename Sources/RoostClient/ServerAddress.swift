/// Where a server answers: scheme, host, port, and a path in front of `/v1` where a proxy puts one.
package struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
  /// In one spelling, so that it can be compared: lower case, no default port, no slash at the end.
  package let text: String
  /// Without brackets.
  package let host: String
  package let isEncrypted: Bool

  package static let localDefault = "http://127.0.0.1:8090"

  /// Throws `address_invalid` with what was expected.
  package init(_ text: String) throws {
    guard let end = text.firstRange(of: "://"), case let scheme = text[..<end.lowerBound].lowercased(), ["http", "https"].contains(scheme)
    else {
      throw Self.invalid(text, "it does not begin with http:// or https://")
    }
    let rest = text[end.upperBound...]
    guard rest.utf8.allSatisfy({ $0 > 32 && $0 < 127 }), !rest.contains(where: { "@?#\\".contains($0) }) else {
      throw Self.invalid(text, "it may not have a user name, a query or a fragment")
    }
    let authority = rest.prefix { $0 != "/" }
    var path = rest[authority.endIndex...]
    while path.hasSuffix("/") { path.removeLast() }
    guard !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else { throw Self.invalid(text, "its path has dots") }
    guard let (host, port) = Self.split(authority.lowercased()) else { throw Self.invalid(text, "its host or port is not understood") }
    isEncrypted = scheme == "https"
    self.host = host
    let isDefaultPort = port == nil || port == (isEncrypted ? 443 : 80)
    let shown = host.contains(":") ? "[\(host)]" : host
    self.text = "\(scheme)://\(shown)\(isDefaultPort ? "" : ":\(port ?? 0)")\(path)"
  }

  package var description: String { text }

  /// Whether what is sent stays on this machine.
  package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

  private static func split(_ authority: String) -> (host: String, port: Int?)? {
    let host: Substring
    let rest: Substring
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<end]
      rest = authority[authority.index(after: end)...]
      guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
    } else {
      host = authority.prefix { $0 != ":" }
      rest = authority[host.endIndex...]
      guard !host.isEmpty, host.allSatisfy({ $0.isLetter || $0.isNumber || "-._".contains($0) }) else { return nil }
    }
    guard !rest.isEmpty else { return (String(host), nil) }
    guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65535).contains(port) else { return nil }
    return (String(host), port)
  }

  private static func invalid(_ text: String, _ reason: String) -> RoostClientError {
    RoostClientError(
      code: .addressInvalid, detail: "'\(text.prefix(200))' is not a server's address: \(reason). Expected e.g. \(localDefault).")
  }
}
