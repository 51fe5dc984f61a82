/// URIs (RFC 3986 appendix A).
enum SchemaURIFormat {
  typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

  /// `URI = scheme ":" hier-part [ "?" query ] [ "#" fragment ]`: with a scheme, so no relative reference.
  static func isURI(_ bytes: Bytes) -> Bool {
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), let first = bytes.first, first.isLetter,
      bytes[..<colon].allSatisfy({ $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") })
    else { return false }
    var rest = bytes[(colon + 1)...]
    if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
      guard isText(rest[(hash + 1)...], alsoAllowed: "/?:@") else { return false }
      rest = rest[..<hash]
    }
    if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
      guard isText(rest[(mark + 1)...], alsoAllowed: "/?:@") else { return false }
      rest = rest[..<mark]
    }
    if rest.starts(with: "//".utf8) {
      rest = rest.dropFirst(2)
      let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
      guard isAuthority(rest[..<end]) else { return false }
      rest = rest[end...]
    }
    return isText(rest, alsoAllowed: "/:@")
  }

  /// `[ userinfo "@" ] host [ ":" port ]`
  private static func isAuthority(_ bytes: Bytes) -> Bool {
    var rest = bytes
    if let at = rest.lastIndex(of: UInt8(ascii: "@")) {
      guard isText(rest[..<at], alsoAllowed: ":") else { return false }
      rest = rest[(at + 1)...]
    }
    if rest.first == UInt8(ascii: "[") {
      guard let end = rest.firstIndex(of: UInt8(ascii: "]")), isAddress(rest[rest.startIndex..<end].dropFirst()) else { return false }
      rest = rest[(end + 1)...]
      guard rest.isEmpty || rest.first == UInt8(ascii: ":") else { return false }
      return rest.dropFirst().allSatisfy(\.isDigit)
    }
    let end = rest.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
    return isText(rest[..<end], alsoAllowed: "") && rest[end...].dropFirst().allSatisfy(\.isDigit)
  }

  /// `IP-literal = "[" ( IPv6address / IPvFuture ) "]"`, without the brackets.
  private static func isAddress(_ bytes: Bytes) -> Bool {
    guard let first = bytes.first, first | 0x20 == UInt8(ascii: "v") else { return SchemaAddressFormat.isIPv6(bytes) }
    guard let dot = bytes.firstIndex(of: UInt8(ascii: ".")) else { return false }
    let version = bytes[..<dot].dropFirst()
    let address = bytes[(dot + 1)...]
    return !version.isEmpty && version.allSatisfy(\.isHexadecimalDigit) && !address.isEmpty && !address.contains(UInt8(ascii: "%"))
      && isText(address, alsoAllowed: ":")
  }

  /// Unreserved characters, percent-encoded bytes, sub-delims and those of `also`.
  private static func isText(_ bytes: Bytes, alsoAllowed also: StaticString) -> Bool {
    let allowed = UnsafeBufferPointer(start: also.utf8Start, count: also.utf8CodeUnitCount)
    var place = bytes.startIndex
    while place < bytes.endIndex {
      let byte = bytes[place]
      if byte == UInt8(ascii: "%") {
        guard place + 2 < bytes.endIndex, bytes[place + 1].isHexadecimalDigit, bytes[place + 2].isHexadecimalDigit else { return false }
        place += 3
        continue
      }
      guard byte.isLetter || byte.isDigit || marks.contains(byte) || allowed.contains(byte) else { return false }
      place += 1
    }
    return true
  }

  private static let marks = Array("-._~!$&'()*+,;=".utf8)
}
