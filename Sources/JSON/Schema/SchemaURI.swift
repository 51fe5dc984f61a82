/// A URI reference in its parts (RFC 3986 appendix B), to resolve `$id` and `$ref`. Characters are not checked.
struct SchemaURI {
  var scheme: String?
  var authority: String?
  var path = ""
  var query: String?
  var fragment: String?

  init(_ text: String) {
    var rest = Array(text.utf8)[...]
    func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
    if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
      fragment = string(rest[(hash + 1)...])
      rest = rest[..<hash]
    }
    if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
      query = string(rest[(mark + 1)...])
      rest = rest[..<mark]
    }
    if let colon = rest.firstIndex(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }), rest[colon] == UInt8(ascii: ":"), colon > 0 {
      scheme = string(rest[..<colon])
      rest = rest[(colon + 1)...]
    }
    if rest.starts(with: "//".utf8) {
      rest = rest.dropFirst(2)
      let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
      authority = string(rest[..<end])
      rest = rest[end...]
    }
    path = string(rest)
  }

  /// Section 5.2.2: the target of this reference at a base.
  func resolved(against base: SchemaURI) -> SchemaURI {
    var target = self
    if scheme != nil {
      target.path = SchemaURI.withoutDots(path)
      return target
    }
    target.scheme = base.scheme
    if authority != nil {
      target.path = SchemaURI.withoutDots(path)
      return target
    }
    target.authority = base.authority
    if path.isEmpty {
      target.path = base.path
      target.query = query ?? base.query
    } else if path.utf8.first == UInt8(ascii: "/") {
      target.path = SchemaURI.withoutDots(path)
    } else {
      // Section 5.2.3: everything up to the base's last slash.
      let folder =
        base.authority != nil && base.path.isEmpty
        ? "/" : base.path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(base.path[...$0]) } ?? ""
      target.path = SchemaURI.withoutDots(folder + path)
    }
    return target
  }

  /// Without the fragment.
  var text: String { (scheme.map { $0 + ":" } ?? "") + (authority.map { "//" + $0 } ?? "") + path + (query.map { "?" + $0 } ?? "") }

  /// The fragment with its percent-encoded bytes decoded; nil where that is no UTF-8.
  var decodedFragment: String? {
    guard let fragment else { return "" }
    let bytes = Array(fragment.utf8)
    var decoded: [UInt8] = []
    var place = 0
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "%") {
        guard place + 2 < bytes.count, let value = UInt8(String(decoding: bytes[(place + 1)...(place + 2)], as: UTF8.self), radix: 16) else { return nil }
        decoded.append(value)
        place += 3
      } else {
        decoded.append(bytes[place])
        place += 1
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }

  /// Section 5.2.4.
  private static func withoutDots(_ path: String) -> String {
    guard path.utf8.contains(UInt8(ascii: ".")) else { return path }
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { String(decoding: Array($0), as: UTF8.self) }
    var kept: [String] = []
    for (place, segment) in segments.enumerated() {
      let isLast = place == segments.count - 1
      switch segment {
      case ".": if isLast { kept.append("") }
      case "..":
        if kept.count > (isAbsolute ? 1 : 0) { kept.removeLast() }
        if isLast { kept.append("") }
      default: kept.append(segment)
      }
    }
    return kept.joined(separator: "/")
  }
}
