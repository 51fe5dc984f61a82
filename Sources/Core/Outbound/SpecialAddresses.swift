/// Blocks of addresses that are not somebody's public server, after the special-purpose registries of IANA
/// (https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry) and
/// the multicast assignments.
enum SpecialAddresses {
  struct Block {
    let range: IPRange
    let name: String
    /// What an operator means by "private addresses": other machines of his, or this one.
    let isPrivate: Bool
  }

  /// What kind of special address it is; `nil` for an ordinary public one.
  static func block(of address: IPAddress) -> Block? {
    switch address {
    case .v4: return v4.first { $0.range.contains(address) }
    case .v6:
      if let embedded = address.embedded { return block(of: embedded) }
      if let block = v6.first(where: { $0.range.contains(address) }) { return block }
      // RFC 4291, section 2.4, as assigned so far: global unicast is 2000::/3. All else is somebody's special case, now or later.
      return global.contains(address) ? nil : Block(range: everything, name: "reserved", isPrivate: false)
    }
  }

  private static func blocks(_ rows: [(String, String, Bool)]) -> [Block] {
    rows.map { text, name, isPrivate in
      guard let range = IPRange(text) else { preconditionFailure("\(text) in the table of special addresses is no block.") }
      return Block(range: range, name: name, isPrivate: isPrivate)
    }
  }

  private static let global = blocks([("2000::/3", "", false)])[0].range
  private static let everything = blocks([("::/0", "", false)])[0].range

  static let v4 = blocks([
    ("0.0.0.0/8", "unspecified (RFC 791)", false),
    ("10.0.0.0/8", "private (RFC 1918)", true),
    ("100.64.0.0/10", "shared with a carrier (RFC 6598)", true),
    ("127.0.0.0/8", "loopback (RFC 1122)", true),
    ("169.254.0.0/16", "link-local (RFC 3927)", false),
    ("172.16.0.0/12", "private (RFC 1918)", true),
    ("192.0.0.0/24", "for protocols (RFC 6890)", false),
    ("192.0.2.0/24", "for documentation (RFC 5737)", false),
    ("192.88.99.0/24", "a 6to4 relay (RFC 7526)", false),
    ("192.168.0.0/16", "private (RFC 1918)", true),
    ("198.18.0.0/15", "for benchmarks (RFC 2544)", false),
    ("198.51.100.0/24", "for documentation (RFC 5737)", false),
    ("203.0.113.0/24", "for documentation (RFC 5737)", false),
    ("224.0.0.0/4", "multicast (RFC 5771)", false),
    ("240.0.0.0/4", "reserved or broadcast (RFC 1112, RFC 919)", false),
  ])

  static let v6 = blocks([
    ("::/128", "unspecified (RFC 4291)", false),
    ("::1/128", "loopback (RFC 4291)", true),
    ("64:ff9b:1::/48", "a local translation to IPv4 (RFC 8215)", false),
    ("100::/64", "for discarding (RFC 6666)", false),
    ("2001::/23", "for protocols (RFC 2928)", false),
    ("2001:db8::/32", "for documentation (RFC 3849)", false),
    ("3fff::/20", "for documentation (RFC 9637)", false),
    ("5f00::/16", "for segment routing (RFC 9602)", false),
    ("fc00::/7", "private (RFC 4193)", true),
    ("fe80::/10", "link-local (RFC 4291)", false),
    ("fec0::/10", "site-local (RFC 3879)", true),
    ("ff00::/8", "multicast (RFC 4291)", false),
  ])
}
