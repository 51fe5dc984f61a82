import Core
import HTTPServer
import JSON

/// `GET/POST /v1/keys`, `DELETE /v1/keys/{id}`: API keys with an admin's rights. A key is shown once, when it is made.
enum Keys {
  static let list = Route.admin(.get, "/v1/keys") { call in
    .list(try await call.project.accounts.keys().map(value))
  }

  static let create = Route.admin(.post, "/v1/keys") { call in
    var reader = try ConfigurationReader(call.value(), of: "key")
    let name = try reader.string("name") ?? ""
    try reader.refuseUnbuilt(["scopes"])
    try reader.refuseUnknown()
    guard name.count <= 100 else {
      throw RoostError(.validationFailed, "The name is too long.", fields: [FieldError("/name", "expected at most 100 characters")])
    }
    var generator = IdentifierGenerator()
    let key = APIKey(id: generator.next(at: call.now), name: name, created: call.now)
    let token = OpaqueToken.make(.apiKey)
    // The key itself is kept nowhere, so that a repeat is answered without it.
    try await call.project.accounts.createKey(key, hash: token.hash, repeatable: call.repeatable("keys") { .privateJSON(201, value(of: $0)) })
    guard case .object(var object) = value(of: key) else { return .noContent }
    object["key"] = .string(token.text)
    return .privateJSON(201, .object(object))
  }

  static let delete = Route.admin(.delete, "/v1/keys/{id}") { call in
    guard try await call.project.accounts.deleteKey(id: call.parameters[0]) else { throw RoostError(.notFound, "There is no such key.") }
    call.environment.authenticator.forgetOpaqueTokens()
    return .noContent
  }

  private static func value(of key: APIKey) -> JSONValue {
    ["id": .string(key.id), "name": .string(key.name), "createdAt": .string(key.created.text)]
  }
}
