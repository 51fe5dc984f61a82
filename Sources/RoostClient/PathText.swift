/// Text as one part of a path or query: all but RFC 3986's unreserved characters percent-encoded.
enum PathText {
  static func encode(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      if isUnreserved(byte) {
        bytes.append(byte)
      } else {
        bytes += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `/v1/documents/posts/a%20b` from parts that are names of whatever kind. Throws `argument_invalid` for one that would make it another
  /// path: an empty id would turn one document into the whole list.
  static func join(_ parts: [String]) throws -> String {
    guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
      throw RoostClientError(code: .argumentInvalid, detail: "A name or id is empty or consists of dots.")
    }
    return parts.map { "/" + encode($0) }.joined()
  }

  /// `?limit=10&sort=-createdAt`; parts without a value are left out.
  static func query(_ values: [(String, String?)]) -> String {
    let pairs = values.compactMap { name, value in value.map { "\(name)=\(encode($0))" } }
    return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"),
      UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10 }
}
