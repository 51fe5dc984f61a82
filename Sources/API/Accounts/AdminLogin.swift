import Core
import HTTPServer
import JSON

/// `POST /v1/admin/login` {email, password} answers an admin session token; `POST /v1/admin/logout` ends it; `GET /v1/admin/me`.
enum AdminLogin {
  static let login = Route.open(.post, "/v1/admin/login") { call in
    let values = try call.strings("email", "password")
    let (admin, token) = try await call.environment.accounts.adminLogin(email: values[0], password: values[1], from: call.origin)
    return .privateJSON(
      200,
      [
        "admin": ["id": .string(admin.id), "email": .string(admin.email)], "token": .string(token), "tokenType": "Bearer",
        "expiresIn": .int(Limits.adminSessionLifetime.components.seconds),
      ])
  }

  static let logout = Route.admin(.post, "/v1/admin/logout") { call in
    if let text = call.headers["Authorization"]?.split(separator: " ").last, let token = OpaqueToken(presented: String(text)) {
      try await call.project.accounts.deleteAdminSession(hash: token.hash)
      call.environment.authenticator.forgetOpaqueTokens()
    }
    return .noContent
  }

  static let me = Route.admin(.get, "/v1/admin/me") { call in
    switch call.caller {
    case .admin(let id, let email): .privateJSON(200, ["id": .string(id), "email": .string(email)])
    default: .privateJSON(200, ["id": .null, "email": .null])
    }
  }
}
