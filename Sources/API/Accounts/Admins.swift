import Core
import HTTPServer
import JSON

/// `GET/POST /v1/admins`, `DELETE /v1/admins/{email}`, `PUT /v1/admins/{email}/password`.
enum Admins {
  static let list = Route.admin(.get, "/v1/admins") { call in
    .list(try await call.project.accounts.admins().map(value))
  }

  static let create = Route.admin(.post, "/v1/admins") { call in
    let values = try call.strings("email", "password")
    let repeatable = try call.repeatable("admins", body: call.bodyWithoutPassword()) { (admin: Admin) in .privateJSON(201, value(of: admin)) }
    return .privateJSON(
      201, value(of: try await call.environment.accounts.createAdmin(email: values[0], password: values[1], repeatable: repeatable)))
  }

  static let delete = Route.admin(.delete, "/v1/admins/{email}") { call in
    let accounts = call.project.accounts
    guard let email = EmailAddress(call.parameters[0]) else { throw RoostError(.notFound, "There is no such admin.") }
    if try await accounts.admins().count == 1, try await accounts.admin(email: email) != nil {
      throw RoostError(.conflict, "This is the last admin. Create another one first.")
    }
    guard try await accounts.deleteAdmin(email: email) else { throw RoostError(.notFound, "There is no such admin.") }
    call.environment.authenticator.forgetOpaqueTokens()
    return .noContent
  }

  static let setPassword = Route.admin(.put, "/v1/admins/{email}/password") { call in
    let password = try call.strings("password")[0]
    guard try await call.environment.accounts.setAdminPassword(password, email: call.parameters[0]) else {
      throw RoostError(.notFound, "There is no such admin.")
    }
    call.environment.authenticator.forgetOpaqueTokens()
    return .noContent
  }

  private static func value(of admin: Admin) -> JSONValue {
    ["id": .string(admin.id), "email": .string(admin.email), "createdAt": .string(admin.created.text)]
  }
}
