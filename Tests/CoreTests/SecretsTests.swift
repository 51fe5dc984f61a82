import Core
import TestKit
import Testing

@Suite("Secrets")
struct SecretsTests {
  @Test("SHA-256 gives the standard's example, at once and in pieces")
  func sha256() {
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(hexadecimal(SHA256Digest.hash(Array("abc".utf8))) == expected)
    var digest = SHA256Digest()
    digest.update(Array("a".utf8))
    digest.update([])
    digest.update(Array("bc".utf8))
    #expect(hexadecimal(digest.finish()) == expected)
  }

  @Test("Base64url round-trips every length and has one text for each value")
  func base64() {
    var random = SeededRandom(seed: 3)
    for count in 0..<200 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let text = Base64URL.encode(bytes)
      #expect(Base64URL.decode(text) == bytes)
      #expect(!text.contains("="))
    }
    #expect(Base64URL.decode("AB") == nil, "the last character has bits that mean nothing")
    #expect(Base64URL.decode("A") == nil)
    #expect(Base64URL.decode("A+") == nil)
  }

  @Test("A password is right or wrong, and its hash is Argon2id")
  func passwords() throws {
    let hash = try PasswordHash.make("correct horse")
    #expect(hash.hasPrefix("$argon2id$"))
    #expect(PasswordHash.verify("correct horse", against: hash))
    #expect(!PasswordHash.verify("correct horsf", against: hash))
    #expect(!PasswordHash.verify("", against: hash))
    #expect(!PasswordHash.verify("anything", against: PasswordHash.ofNobody))
  }

  @Test("The hash of nobody costs as much as a real one: it has the same parameters")
  func nobody() throws {
    let real = try PasswordHash.make("x")
    #expect(real.split(separator: "$")[..<3] == PasswordHash.ofNobody.split(separator: "$")[..<3])
  }

  @Test("A sealed secret opens with its key only, and not when a bit changed")
  func box() throws {
    let box = try SecretBox(key: Array(repeating: 1, count: 32))
    let other = try SecretBox(key: Array(repeating: 2, count: 32))
    var sealed = box.seal([1, 2, 3])
    #expect(try box.open(sealed) == [1, 2, 3])
    #expect(throws: RoostError.self) { try other.open(sealed) }
    sealed[sealed.count - 1] ^= 1
    #expect(throws: RoostError.self) { try box.open(sealed) }
    #expect(throws: RoostError.self) { try box.open([1, 2]) }
  }

  @Test("Opaque tokens show their kind and differ")
  func opaque() {
    let token = OpaqueToken.make(.refresh)
    #expect(token.text.hasPrefix("rt_"))
    #expect(OpaqueToken(presented: token.text)?.hash == token.hash)
    #expect(OpaqueToken.make(.refresh).text != token.text)
    #expect(OpaqueToken(presented: "xx_abc") == nil)
    #expect(OpaqueToken(presented: "rt_" + String(repeating: "a", count: 100)) == nil)
  }
}
