/// A secret that only its holder has: `prefix_` and 32 random bytes. The server keeps its SHA-256 only.
package struct OpaqueToken: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case refresh = "rt"
    case adminSession = "ra"
    case apiKey = "rk"
    case setUp = "rs"
  }

  package let text: String
  package let hash: [UInt8]

  package static func make(_ kind: Kind) -> OpaqueToken {
    let text = kind.rawValue + "_" + Base64URL.encode(SecureRandom.bytes(32))
    return OpaqueToken(text: text, hash: SHA256Digest.hash(Array(text.utf8)))
  }

  private init(text: String, hash: [UInt8]) {
    self.text = text
    self.hash = hash
  }

  /// What a caller presented, if it looks like a token of one of our kinds.
  package init?(presented text: String) {
    guard text.utf8.count <= 64, Self.kind(of: text) != nil else { return nil }
    self.init(text: text, hash: SHA256Digest.hash(Array(text.utf8)))
  }

  package static func kind(of text: String) -> Kind? {
    Kind.allCases.first { text.hasPrefix($0.rawValue + "_") }
  }

  package var kind: Kind? { Self.kind(of: text) }
}
