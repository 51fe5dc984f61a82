import JSON

/// Which servers a function may connect to, as its manifest says: `"network": true`, or a list of hosts. Where addresses may not be reached at
/// all (`AddressPolicy`), this does not help.
package enum NetworkPermission: Sendable, Hashable {
  /// Everybody, at any port but that of mail between servers, which is asked for by name.
  case everywhere
  case list([NetworkRule])

  private static let mailPort = 25
  private static let webPorts = [80, 443]

  /// `nil` for a function without network. Throws `validation_failed`.
  package init?(_ value: JSONValue?) throws {
    switch value {
    case nil, .null, .bool(false): return nil
    case .bool(true): self = .everywhere
    case .array(let items):
      guard items.count <= Limits.networkRulesMax else {
        throw RoostError(
          .validationFailed, "`network` is too long.", fields: [FieldError("/network", "expected at most \(Limits.networkRulesMax) hosts, or true")])
      }
      let rules = try items.enumerated().map { position, item in
        guard let text = item.stringValue, let rule = NetworkRule(text) else {
          throw RoostError(
            .validationFailed, "`network` names hosts.",
            fields: [
              FieldError(
                "/network/\(position)", "expected a host like \"api.example.com\", \"*.example.com\", \"192.0.2.7:8080\" or \"[2001:db8::1]:443\"")
            ])
        }
        return rule
      }
      guard !rules.isEmpty else { return nil }
      self = .list(rules)
    default:
      throw RoostError(
        .validationFailed, "`network` is true, or a list of hosts.", fields: [FieldError("/network", "expected true, false or an array of hosts")])
    }
  }

  /// As it stands in the manifest.
  package var value: JSONValue {
    switch self {
    case .everywhere: true
    case .list(let rules): .array(rules.map { .string($0.text) })
    }
  }

  /// Decided by the name alone, before anybody looks it up.
  package func allows(_ place: NetworkPlace) -> Bool {
    switch self {
    case .everywhere: place.port != Self.mailPort
    case .list(let rules): rules.contains { $0.allows(place.host) && ($0.port.map { $0 == place.port } ?? Self.webPorts.contains(place.port)) }
    }
  }
}

/// One entry of `network`: `api.example.com`, `*.example.com:8443`, `192.0.2.7`. Without a port it means 80 and 443.
package struct NetworkRule: Sendable, Hashable {
  package let host: OutboundURL.Host
  /// All names below the host, and not the host itself, as in certificates.
  package let isSuffix: Bool
  package let port: Int?

  package init?(_ text: String) {
    isSuffix = text.hasPrefix("*.")
    guard let (host, port) = NetworkPlace.parts(isSuffix ? String(text.dropFirst(2)) : text) else { return nil }
    if isSuffix, case .address = host { return nil }
    self.host = host
    self.port = port
  }

  package var text: String { (isSuffix ? "*." : "") + NetworkPlace.text(host) + (port.map { ":\($0)" } ?? "") }

  func allows(_ other: OutboundURL.Host) -> Bool {
    guard isSuffix, case .name(let suffix) = host else { return other == host }
    guard case .name(let name) = other else { return false }
    return name.hasSuffix("." + suffix)
  }
}

/// A host and a port that a function wants to connect to.
package struct NetworkPlace: Sendable, Hashable {
  package let host: OutboundURL.Host
  package let port: Int

  package init(host: OutboundURL.Host, port: Int) {
    self.host = host
    self.port = port
  }

  /// `host:port`; `nil` if it is none, or has no port and there is no default.
  package init?(_ text: String, defaultPort: Int? = nil) {
    guard let (host, port) = Self.parts(text), let port = port ?? defaultPort else { return nil }
    self.init(host: host, port: port)
  }

  package var text: String { Self.text(host) + ":\(port)" }

  static func text(_ host: OutboundURL.Host) -> String {
    switch host {
    case .name(let name): name
    case .address(.v4(let number)): IPAddress.v4(number).text
    case .address(.v6(let number)): "[" + IPAddress.v6(number).text + "]"
    }
  }

  static func parts(_ text: String) -> (host: OutboundURL.Host, port: Int?)? {
    var name = Substring(text)
    var port: Int?
    if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
      let digits = text[text.index(after: colon)...]
      guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 >= 48 && $0 < 58 }), let number = Int(digits), (1...65535).contains(number)
      else { return nil }
      name = text[..<colon]
      port = number
    }
    // A URL's host, and nothing else of a URL.
    guard !name.contains(where: { "/?#@".contains($0) }), let url = try? OutboundURL("http://" + name) else { return nil }
    return (url.host, port)
  }
}
