/// `POST /v1/auth/login` {email, password}.
enum Login {
  static let route = Route.open(.post, "/v1/auth/login") { call in
    let values = try call.strings("email", "password")
    return try await call.environment.accounts.login(email: values[0], password: values[1], from: call.origin).answer(to: call)
  }
}
