import HTTPServer

/// `GET /.well-known/jwks.json`: the keys that verify our access tokens (RFC 7517).
enum KeySet {
  static let route = Route.open(.get, "/.well-known/jwks.json") { call in
    HTTPResponse(
      status: 200, headers: ["Content-Type": "application/jwk-set+json", "Cache-Control": "public, max-age=300"],
      body: call.environment.accounts.keySet.bytes())
  }
}
