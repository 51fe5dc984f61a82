import Glibc

/// An address of IPv4 or IPv6, as a number.
package enum IPAddress: Hashable, Sendable {
  case v4(UInt32)
  case v6(UInt128)

  /// Four decimal numbers (`192.0.2.1`), or a form of RFC 4291 (`2001:db8::1`) without a zone; `nil` for anything else.
  package init?(_ text: String) {
    if text.utf8.contains(UInt8(ascii: ":")) {
      guard let bytes = Self.bytes(of: text, AF_INET6, count: 16) else { return nil }
      self = .v6(bytes.reduce(0) { $0 << 8 | UInt128($1) })
    } else {
      guard let bytes = Self.bytes(of: text, AF_INET, count: 4) else { return nil }
      self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
    }
  }

  private static func bytes(of text: String, _ family: Int32, count: Int) -> [UInt8]? {
    guard !text.utf8.contains(0) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return inet_pton(family, text, &bytes) == 1 ? bytes : nil
  }

  /// The form that `init` reads; for IPv6 that of RFC 5952.
  package var text: String {
    switch self {
    case .v4(let number): return (0..<4).map { String(number >> (24 - 8 * UInt32($0)) & 255) }.joined(separator: ".")
    case .v6(let number):
      let bytes = (0..<16).map { UInt8(truncatingIfNeeded: number >> (120 - 8 * UInt128($0))) }
      var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      guard inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "::" }
      return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }

  /// The IPv4 address that packets to this IPv6 address may end at: IPv4-mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
  package var embedded: IPAddress? {
    guard case .v6(let number) = self else { return nil }
    if number >> 32 == 0xffff || number >> 32 == 0x0064_ff9b << 64 { return .v4(UInt32(truncatingIfNeeded: number)) }
    if number >> 112 == 0x2002 { return .v4(UInt32(truncatingIfNeeded: number >> 80)) }
    return nil
  }
}

/// A block of addresses: `10.0.0.0/8`, `fc00::/7`; a single address is a block of one.
package struct IPRange: Hashable, Sendable {
  package let first: IPAddress
  package let prefix: Int

  /// `nil` unless it is a block whose bits behind the prefix are zero: `10.0.0.1/8` may be meant in two ways.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = IPAddress(String(parts[0])) else { return nil }
    let width = if case .v4 = first { 32 } else { 128 }
    var prefix = width
    if parts.count > 1 {
      guard let number = Int(parts[1]), (0...width).contains(number), parts[1].utf8.allSatisfy({ $0 >= 48 && $0 < 58 }) else { return nil }
      prefix = number
    }
    self.first = first
    self.prefix = prefix
    guard isCanonical else { return nil }
  }

  private var isCanonical: Bool {
    switch first {
    case .v4(let number): number << UInt32(prefix) == 0
    case .v6(let number): number << UInt128(prefix) == 0
    }
  }

  package func contains(_ address: IPAddress) -> Bool {
    switch (first, address) {
    case (.v4(let first), .v4(let number)): (first ^ number) >> UInt32(32 - prefix) == 0
    case (.v6(let first), .v6(let number)): (first ^ number) >> UInt128(128 - prefix) == 0
    default: false
    }
  }
}
