import Core
import JSON
import TestKit
import Testing

@Suite("Access tokens")
struct AccessTokenTests {
  private let clock = ManualClock()
  private let user = UserIdentity(id: "u1", email: "a@b.de", emailVerified: true, roles: ["editor"], sessionID: "s1")

  private func signer(_ key: SigningKey, issuer: String = "roost/default") throws -> AccessTokenSigner {
    try AccessTokenSigner(keys: [key], issuer: issuer)
  }

  @Test("What was issued verifies and says who it is")
  func roundTrip() throws {
    let signer = try signer(.generate())
    let verified = try signer.verify(signer.issue(to: user, at: clock.now()), at: clock.now())
    #expect(verified.user == user)
  }

  @Test("A token is over after 15 minutes")
  func expiry() throws {
    let signer = try signer(.generate())
    let token = signer.issue(to: user, at: clock.now())
    clock.advance(by: Limits.accessTokenLifetime - .seconds(1))
    #expect(throws: Never.self) { try signer.verify(token, at: clock.now()) }
    clock.advance(by: .seconds(1))
    try expect(.tokenExpired) { try signer.verify(token, at: clock.now()) }
  }

  @Test("Another key, another issuer and another project are refused")
  func foreign() throws {
    let key = try SigningKey.generate()
    let token = try signer(key).issue(to: user, at: clock.now())
    try expect(.tokenInvalid) { try signer(.generate()).verify(token, at: clock.now()) }
    try expect(.tokenInvalid) { try signer(key, issuer: "roost/other").verify(token, at: clock.now()) }
  }

  @Test("A retired key still verifies while it is among the keys")
  func rotation() throws {
    let old = try SigningKey.generate()
    let token = try signer(old).issue(to: user, at: clock.now())
    let both = try AccessTokenSigner(keys: [.generate(), old], issuer: "roost/default")
    #expect(try both.verify(token, at: clock.now()).user == user)
  }

  @Test("alg none, another alg, an altered claim, a cut signature and noise are refused")
  func forged() throws {
    let key = try SigningKey.generate()
    let signer = try signer(key)
    let parts = signer.issue(to: user, at: clock.now()).split(separator: ".").map(String.init)
    func header(_ alg: String) -> String { Base64URL.encode(JSONValue.object(["alg": .string(alg), "kid": .string(key.id)]).bytes()) }
    let altered = Base64URL.encode(
      Array(String(decoding: Base64URL.decode(parts[1]) ?? [], as: UTF8.self).replacing("u1", with: "u2").utf8))
    let (claims, signature) = (parts[1], parts[2])
    let forgeries: [String] = [
      "\(header("none")).\(claims).", "\(header("none")).\(claims).\(signature)", "\(header("HS256")).\(claims).\(signature)",
      "\(parts[0]).\(altered).\(signature)", "\(parts[0]).\(claims).\(signature.dropLast(2))", "\(parts[0]).\(claims)",
      "\(parts[0]).\(claims).\(signature).x", "..", "", String(repeating: "a", count: 10_000),
    ]
    for forgery in forgeries { try expect(.tokenInvalid) { try signer.verify(forgery, at: clock.now()) } }
  }

  @Test("The key set shows public keys only")
  func keySet() throws {
    let key = try SigningKey.generate()
    let text = try signer(key).keySet.text
    #expect(text.contains(Base64URL.encode(key.publicKey)))
    #expect(!text.contains("\"d\""))
  }
}

/// Expects an error of ours with that code.
func expect<Value>(_ code: ErrorCode, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Value) rethrows {
  do {
    _ = try body()
    Issue.record("expected the error \(code.rawValue)", sourceLocation: sourceLocation)
  } catch let error as RoostError {
    #expect(error.code == code, sourceLocation: sourceLocation)
  }
}
