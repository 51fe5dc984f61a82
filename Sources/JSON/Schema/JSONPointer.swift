/// JSON Pointers (RFC 6901) as text.
enum JSONPointer {
  /// Section 3: `~` is written `~0` and `/` is written `~1`.
  static func escaped(_ token: String) -> String {
    guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return token }
    var bytes: [UInt8] = []
    for byte in token.utf8 {
      switch byte {
      case UInt8(ascii: "~"): bytes += "~0".utf8
      case UInt8(ascii: "/"): bytes += "~1".utf8
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The unescaped tokens of a pointer; nil where it is none.
  static func tokens(_ pointer: String) -> [String]? {
    guard !pointer.isEmpty else { return [] }
    guard pointer.utf8.first == UInt8(ascii: "/") else { return nil }
    var tokens: [String] = []
    for part in pointer.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      var token: [UInt8] = []
      var isEscape = false
      for byte in part {
        switch (isEscape, byte) {
        case (false, UInt8(ascii: "~")): isEscape = true
        case (false, _): token.append(byte)
        case (true, UInt8(ascii: "0")), (true, UInt8(ascii: "1")):
          token.append(UInt8(ascii: byte == UInt8(ascii: "0") ? "~" : "/"))
          isEscape = false
        default: return nil
        }
      }
      guard !isEscape else { return nil }
      tokens.append(String(decoding: token, as: UTF8.self))
    }
    return tokens
  }

  /// Section 4: an array's index has no leading zeros.
  static func index(_ token: String) -> Int? {
    guard let first = token.utf8.first, token.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
    return first == UInt8(ascii: "0") && token.utf8.count > 1 ? nil : Int(token)
  }
}
