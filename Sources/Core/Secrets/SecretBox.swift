import CSodium

/// Secrets at rest: XSalsa20-Poly1305 (libsodium's secretbox) under the server's master key. The nonce stands in front.
package struct SecretBox: Sendable {
  package static let keyBytes = 32
  private static let nonceBytes = 24
  private static let tagBytes = 16
  private let key: [UInt8]

  package init(key: [UInt8]) throws {
    Sodium.require()
    guard key.count == Self.keyBytes else { throw RoostError(.internal, "The master key has the wrong size.") }
    self.key = key
  }

  package func seal(_ secret: [UInt8]) -> [UInt8] {
    let nonce = SecureRandom.bytes(Self.nonceBytes)
    var sealed = [UInt8](repeating: 0, count: secret.count + Self.tagBytes)
    crypto_secretbox_easy(&sealed, secret, UInt64(secret.count), nonce, key)
    return nonce + sealed
  }

  package func open(_ sealed: [UInt8]) throws -> [UInt8] {
    guard sealed.count >= Self.nonceBytes + Self.tagBytes else { throw RoostError(.internal, "A sealed secret is too short.") }
    let nonce = Array(sealed.prefix(Self.nonceBytes))
    let box = Array(sealed.dropFirst(Self.nonceBytes))
    var secret = [UInt8](repeating: 0, count: box.count - Self.tagBytes)
    guard crypto_secretbox_open_easy(&secret, box, UInt64(box.count), nonce, key) == 0 else {
      throw RoostError(.internal, "A sealed secret does not open with this server's master key.")
    }
    return secret
  }
}
