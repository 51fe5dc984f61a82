import JSON

/// Access tokens: JWTs (RFC 7519) with the claims of RFC 9068, signed with EdDSA (RFC 8037). Nothing else is accepted:
/// no other algorithm, no `none`, no key that the header brings along.
package struct AccessTokenSigner: Sendable {
  private let keys: [SigningKey]
  private let issuer: String
  private let encodedHeader: String

  /// - Parameter keys: the first one signs; all verify.
  package init(keys: [SigningKey], issuer: String) throws {
    guard let first = keys.first else { throw RoostError(.internal, "There is no signing key.") }
    self.keys = keys
    self.issuer = issuer
    let header: JSONValue = ["alg": "EdDSA", "typ": "at+jwt", "kid": .string(first.id)]
    encodedHeader = Base64URL.encode(header.bytes())
  }

  package func issue(to user: UserIdentity, at now: Timestamp) -> String {
    let claims: JSONValue = [
      "iss": .string(issuer), "aud": .string(issuer), "client_id": "roost", "sub": .string(user.id), "sid": .string(user.sessionID),
      "iat": .int(now.seconds), "exp": .int((now + Limits.accessTokenLifetime).seconds),
      "jti": .string(Base64URL.encode(SecureRandom.bytes(12))),
      "email": user.email.map(JSONValue.string) ?? .null, "email_verified": .bool(user.emailVerified),
      "roles": .array(user.roles.map(JSONValue.string)),
    ]
    let signed = encodedHeader + "." + Base64URL.encode(claims.bytes())
    return signed + "." + Base64URL.encode(keys[0].sign(Array(signed.utf8)))
  }

  /// Throws `token_invalid` for whatever this server did not sign, `token_expired` for what is over.
  package func verify(_ token: String, at now: Timestamp) throws -> VerifiedToken {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, token.utf8.count <= Limits.tokenBytesMax,
      let headerBytes = Base64URL.decode(parts[0]), let claimBytes = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2]),
      let header = try? JSONValue(parsing: headerBytes),
      header["alg"]?.stringValue == "EdDSA", let keyID = header["kid"]?.stringValue,
      let key = keys.first(where: { $0.id == keyID }),
      key.verify(signature, of: Array((parts[0] + "." + parts[1]).utf8)),
      let claims = try? JSONValue(parsing: claimBytes)
    else { throw Self.invalid }
    guard claims["iss"]?.stringValue == issuer, let subject = claims["sub"]?.stringValue, let session = claims["sid"]?.stringValue,
      let expires = claims["exp"]?.intValue
    else { throw Self.invalid }
    guard now.seconds < expires else {
      throw RoostError(.tokenExpired, "The access token has expired. Get a new one from /v1/auth/refresh.")
    }
    let user = UserIdentity(
      id: subject, email: claims["email"]?.stringValue, emailVerified: claims["email_verified"]?.boolValue ?? false,
      roles: claims["roles"]?.arrayValue?.compactMap(\.stringValue) ?? [], sessionID: session)
    return VerifiedToken(user: user, expires: Timestamp(milliseconds: expires * 1000))
  }

  /// The public keys as a JWK set (RFC 7517, RFC 8037).
  package var keySet: JSONValue {
    let keys = keys.map { key -> JSONValue in
      [
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": .string(key.id),
        "x": .string(Base64URL.encode(key.publicKey)),
      ]
    }
    return ["keys": .array(keys)]
  }

  static let invalid = RoostError(.tokenInvalid, "The access token is not one that this server signed.")
}

package struct VerifiedToken: Sendable {
  package let user: UserIdentity
  package let expires: Timestamp
}
