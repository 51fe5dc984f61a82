/// A request target's parts (RFC 9112, 3.2).
struct RequestTarget {
  let path: String
  let query: String?

  /// Nil when the target is none of `/path?query`, `http://host/path?query` and `*`.
  init?(_ target: String) {
    var rest = target[...]
    if rest.utf8.first != UInt8(ascii: "/") {
      if target == "*" {
        path = target
        query = nil
        return
      }
      // Absolute form, as sent to proxies: the authority is not ours to judge.
      guard let authority = Self.afterScheme(rest) else { return nil }
      let end = authority.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? authority.endIndex
      guard end > authority.startIndex else { return nil }
      rest = authority[end...]
    }
    if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
      query = String(rest[rest.utf8.index(after: mark)...])
      rest = rest[..<mark]
      path = rest.isEmpty ? "/" : String(rest)
    } else {
      query = nil
      path = rest.isEmpty ? "/" : rest.utf8.count == target.utf8.count ? target : String(rest)
    }
  }

  private static func afterScheme(_ text: Substring) -> Substring? {
    for scheme in ["http://", "https://"] where text.utf8.count > scheme.utf8.count {
      let end = text.utf8.index(text.startIndex, offsetBy: scheme.utf8.count)
      if text[..<end].lowercased() == scheme { return text[end...] }
    }
    return nil
  }
}
