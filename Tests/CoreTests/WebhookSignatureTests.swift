import Core
import Testing

@Suite struct WebhookSignatureTests {
  /// RFC 4231, section 4: cases 1, 2, 3, 4, 6 and 7.
  @Test(arguments: [
    (String(repeating: "0b", count: 20), hexadecimal(Array("Hi There".utf8)), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
      hexadecimal(Array("Jefe".utf8)), hexadecimal(Array("what do ya want for nothing?".utf8)),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (String(repeating: "aa", count: 20), String(repeating: "dd", count: 50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
      "0102030405060708090a0b0c0d0e0f10111213141516171819", String(repeating: "cd", count: 50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      String(repeating: "aa", count: 131), hexadecimal(Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
  ])
  func `HMAC-SHA256 is that of RFC 4231`(_ key: String, _ message: String, _ code: String) {
    #expect(hexadecimal(HMACSHA256.code(of: bytes(message), key: bytes(key))) == code)
  }

  /// The example of the Standard Webhooks specification's reference libraries.
  @Test func `the signature is the specification's`() throws {
    let secret = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    let headers = WebhookSignature.headers(
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: Timestamp(milliseconds: 1_614_265_330_000), body: Array(#"{"test": 2432232314}"#.utf8), secrets: [secret])
    #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
    #expect(headers.map(\.value) == ["msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="])
  }

  @Test func `while a secret is replaced, both sign`() throws {
    let one = try #require(WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    let other = try #require(WebhookSecret("whsec_" + Base64.encode(Array(repeating: 7, count: 32))))
    let now = Timestamp(milliseconds: 1000)
    func signature(_ secrets: [WebhookSecret]) -> String? { WebhookSignature.headers(id: "i", at: now, body: [], secrets: secrets).last?.value }
    let (first, second) = (try #require(signature([one])), try #require(signature([other])))
    #expect(signature([one, other]) == "\(first) \(second)")
  }

  @Test(arguments: ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!", "whsec_" + Base64.encode(Array(repeating: 1, count: 65))])
  func `a secret is whsec_ and 24 to 64 bytes`(_ text: String) {
    #expect(WebhookSecret(text) == nil)
  }

  private func bytes(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8).map { $0 > 57 ? $0 - 87 : $0 - 48 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
