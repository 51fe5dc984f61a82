/// Addresses of mailboxes (RFC 5321) and of machines.
enum SchemaAddressFormat {
  typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

  /// RFC 5321 section 4.1.2: `Mailbox = Local-part "@" ( Domain / address-literal )`, with the lengths of section 4.5.3.1.
  static func isEmail(_ bytes: Bytes) -> Bool {
    guard bytes.count <= 320, let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return false }
    let local = bytes[..<at]
    let domain = bytes[(at + 1)...]
    guard local.count <= 64, isLocalPart(local) else { return false }
    guard domain.first == UInt8(ascii: "[") else { return isDomain(domain) }
    guard domain.last == UInt8(ascii: "]") else { return false }
    let literal = domain.dropFirst().dropLast()
    let tag = Array("IPv6:".utf8)
    return literal.starts(with: tag) ? isIPv6(literal.dropFirst(tag.count)) : isIPv4(literal)
  }

  private static func isLocalPart(_ local: Bytes) -> Bool {
    guard local.first == UInt8(ascii: "\"") else {
      // Dot-string; atext is RFC 5322's.
      return local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty && $0.allSatisfy(isAtomText) }
    }
    guard local.count >= 2, local.last == UInt8(ascii: "\"") else { return false }
    var isEscaped = false
    for byte in local.dropFirst().dropLast() {
      guard byte >= 0x20, byte < 0x7F else { return false }
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        return false
      }
    }
    return !isEscaped
  }

  private static func isAtomText(_ byte: UInt8) -> Bool { byte.isLetter || byte.isDigit || atomMarks.contains(byte) }
  private static let atomMarks = Set("!#$%&'*+-/=?^_`{|}~".utf8)

  /// Labels of letters, digits and hyphens within (RFC 1123 section 2.1), each of at most 63, all of at most 255.
  private static func isDomain(_ domain: Bytes) -> Bool {
    domain.count <= 255
      && domain.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
        !label.isEmpty && label.count <= 63 && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
          && label.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
      }
  }

  /// RFC 2673 section 3.2: four decimal numbers up to 255, without leading zeros.
  static func isIPv4(_ bytes: Bytes) -> Bool {
    guard bytes.count <= 15 else { return false }
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        guard !part.isEmpty, part.count <= 3, part.allSatisfy(\.isDigit), part.count == 1 || part.first != UInt8(ascii: "0") else { return false }
        return part.reduce(0) { $0 * 10 + Int($1 - 48) } <= 255
      }
  }

  /// RFC 4291 section 2.2: eight groups of up to four hexadecimal digits; `::` once for one or more groups of zeros; the last two
  /// groups may be an IPv4 address.
  static func isIPv6(_ bytes: Bytes) -> Bool {
    guard bytes.count <= 45 else { return false }
    guard let gap = bytes.indices.dropLast().first(where: { bytes[$0] == UInt8(ascii: ":") && bytes[$0 + 1] == UInt8(ascii: ":") }) else {
      return groups(bytes, isLast: true) == 8
    }
    guard let before = groups(bytes[..<gap], isLast: false), let after = groups(bytes[(gap + 2)...], isLast: true) else { return false }
    return before + after < 8
  }

  /// How many groups stand there; nil where there is anything else.
  private static func groups(_ bytes: Bytes, isLast: Bool) -> Int? {
    guard !bytes.isEmpty else { return 0 }
    var parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    var count = 0
    if isLast, let last = parts.last, isIPv4(last) {
      parts.removeLast()
      count = 2
    }
    guard parts.allSatisfy({ !$0.isEmpty && $0.count <= 4 && $0.allSatisfy(\.isHexadecimalDigit) }) else { return nil }
    return count + parts.count
  }
}
