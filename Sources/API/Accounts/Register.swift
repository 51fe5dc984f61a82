import Core

/// `POST /v1/auth/register` {email, password, …profile}: 201, signed in.
enum Register {
  static let route = Route.open(.post, "/v1/auth/register") { call in
    let registration = try Registration(call.value())
    return try await call.environment.accounts.register(registration, from: call.origin).answer(to: call, status: 201)
  }
}
