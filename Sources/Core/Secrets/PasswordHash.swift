import CSodium

/// Passwords at rest: Argon2id (RFC 9106) with libsodium's INTERACTIVE cost, in the PHC string form.
/// One call takes about 60 ms and 64 MiB: never on an event loop, see `PasswordPool`.
package enum PasswordHash {
  package static func make(_ password: String) throws -> String {
    Sodium.require()
    var text = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
    let bytes = characters(password)
    let status = crypto_pwhash_str(
      &text, bytes, UInt64(bytes.count), UInt64(crypto_pwhash_OPSLIMIT_INTERACTIVE), Int(crypto_pwhash_MEMLIMIT_INTERACTIVE))
    guard status == 0 else {
      throw RoostError(.overloaded, "The server has no memory left to hash a password. Try again.", retryAfter: .seconds(2))
    }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  package static func verify(_ password: String, against hash: String) -> Bool {
    Sodium.require()
    let bytes = characters(password)
    return hash.withCString { crypto_pwhash_str_verify($0, bytes, UInt64(bytes.count)) == 0 }
  }

  private static func characters(_ password: String) -> [CChar] { password.utf8.map(CChar.init(bitPattern:)) }

  /// What is verified when there is no such account, so that the answer takes as long as for one that exists.
  package static let ofNobody = "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
}
