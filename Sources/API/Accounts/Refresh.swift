/// `POST /v1/auth/refresh` {refreshToken}: a new access token and the next refresh token; the old one is spent.
enum Refresh {
  static let route = Route.open(.post, "/v1/auth/refresh") { call in
    try await call.environment.accounts.refresh(call.strings("refreshToken")[0]).answer(to: call)
  }
}
