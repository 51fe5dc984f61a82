import CSodium

/// A shared secret as Standard Webhooks writes it: `whsec_` and the base64 of 24 to 64 random bytes.
/// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
package struct WebhookSecret: Sendable {
  package static let prefix = "whsec_"
  private let key: [UInt8]

  /// `nil` if the text is no such secret.
  package init?(_ text: String) {
    guard text.hasPrefix(Self.prefix), let key = Base64.decode(String(text.dropFirst(Self.prefix.count))), (24...64).contains(key.count) else { return nil }
    self.key = key
  }

  /// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
  func signature(id: String, seconds: Int64, body: [UInt8]) -> String {
    "v1," + Base64.encode(HMACSHA256.code(of: Array("\(id).\(seconds).".utf8) + body, key: key))
  }
}

/// The three headers that let a receiver know who sent a request, that it is fresh, and whether it saw it before.
package enum WebhookSignature {
  /// - Parameters:
  ///   - id: the same at each attempt.
  ///   - secrets: several while one is replaced by another: the receiver may know either.
  package static func headers(id: String, at now: Timestamp, body: [UInt8], secrets: [WebhookSecret]) -> [(name: String, value: String)] {
    let signatures = secrets.map { $0.signature(id: id, seconds: now.seconds, body: body) }
    return [
      ("webhook-id", id), ("webhook-timestamp", String(now.seconds)), ("webhook-signature", signatures.joined(separator: " ")),
    ]
  }
}

/// HMAC-SHA256 (RFC 2104, FIPS 198-1).
package enum HMACSHA256 {
  package static func code(of message: [UInt8], key: [UInt8]) -> [UInt8] {
    Sodium.require()
    var state = crypto_auth_hmacsha256_state()
    crypto_auth_hmacsha256_init(&state, key, key.count)
    crypto_auth_hmacsha256_update(&state, message, UInt64(message.count))
    var code = [UInt8](repeating: 0, count: 32)
    crypto_auth_hmacsha256_final(&state, &code)
    return code
  }
}
