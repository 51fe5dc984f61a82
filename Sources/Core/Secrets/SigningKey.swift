import CSodium

/// An Ed25519 key pair (RFC 8032) that signs access tokens.
package struct SigningKey: Sendable {
  /// The key's name in tokens and in the key set: the first 16 characters of its public key's SHA-256.
  package let id: String
  package let publicKey: [UInt8]
  /// 64 bytes: seed and public key, as libsodium keeps them. Never leaves the server.
  package let secretKey: [UInt8]

  package init(secretKey: [UInt8]) throws {
    guard secretKey.count == 64 else { throw RoostError(.internal, "A signing key has the wrong size.") }
    self.secretKey = secretKey
    publicKey = Array(secretKey[32...])
    id = String(Base64URL.encode(SHA256Digest.hash(publicKey)).prefix(16))
  }

  package static func generate() throws -> SigningKey {
    Sodium.require()
    var publicKey = [UInt8](repeating: 0, count: 32)
    var secretKey = [UInt8](repeating: 0, count: 64)
    crypto_sign_keypair(&publicKey, &secretKey)
    return try SigningKey(secretKey: secretKey)
  }

  package func sign(_ message: [UInt8]) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: 64)
    crypto_sign_detached(&signature, nil, message, UInt64(message.count), secretKey)
    return signature
  }

  package func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    signature.count == 64 && crypto_sign_verify_detached(signature, message, UInt64(message.count), publicKey) == 0
  }
}
