/// `POST /v1/auth/logout`: ends this session; its tokens stop working at once.
enum Logout {
  static let route = Route.open(.post, "/v1/auth/logout") { call in
    try await call.environment.accounts.logout(call.user())
    return .noContent
  }
}
