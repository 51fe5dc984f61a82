import Core
import HTTPServer
import JSON

/// `GET /v1/auth/sessions`, `DELETE /v1/auth/sessions[/{id}]`: the signed-in user's devices.
enum Sessions {
  static let list = Route.open(.get, "/v1/auth/sessions") { call in
    let user = try call.user()
    return .list(try await call.project.accounts.sessions(userID: user.id).map { value(of: $0, current: user.sessionID) })
  }

  static let endAll = Route.open(.delete, "/v1/auth/sessions") { call in
    try await call.environment.accounts.endSessions(of: call.user().id)
    return .noContent
  }

  static let end = Route.open(.delete, "/v1/auth/sessions/{id}") { call in
    guard try await call.environment.accounts.endSession(call.parameters[0], of: call.user().id) else {
      throw RoostError(.notFound, "There is no such session.")
    }
    return .noContent
  }

  static func value(of session: Session, current: String?) -> JSONValue {
    [
      "id": .string(session.id), "createdAt": .string(session.created.text), "lastUsedAt": .string(session.lastUsed.text),
      "expiresAt": .string(session.expires.text), "address": .string(session.address), "userAgent": .string(session.userAgent),
      "current": .bool(session.id == current),
    ]
  }
}
