import Core
import HTTPServer
import JSON

/// `/v1/secrets[/{name}]` and `/v1/functions/{function}/secrets[/{name}]`: what functions get and nobody reads back; for admins.
enum Secrets {
  static let list = Route.admin(.get, "/v1/secrets") { call in
    .list(try await call.project.secrets.list(of: nil).map(\.value))
  }

  static let put = Route.admin(.put, "/v1/secrets/{name}") { call in
    try await put(call, call.parameters[0], of: nil)
  }

  static let delete = Route.admin(.delete, "/v1/secrets/{name}") { call in
    try await delete(call, call.parameters[0], of: nil)
  }

  static let listOfFunction = Route.admin(.get, "/v1/functions/{function}/secrets") { call in
    try Names.requireName(call.parameters[0], of: "function")
    return .list(try await call.project.secrets.list(of: call.parameters[0]).map(\.value))
  }

  /// Also before the function's first deployment, which may need it.
  static let putOfFunction = Route.admin(.put, "/v1/functions/{function}/secrets/{name}") { call in
    try Names.requireName(call.parameters[0], of: "function")
    return try await put(call, call.parameters[1], of: call.parameters[0])
  }

  static let deleteOfFunction = Route.admin(.delete, "/v1/functions/{function}/secrets/{name}") { call in
    try await delete(call, call.parameters[1], of: call.parameters[0])
  }

  private static func put(_ call: Call, _ name: String, of function: String?) async throws -> HTTPResponse {
    var reader = try ConfigurationReader(call.value(), of: "secret")
    let value = try reader.required("value", "the secret itself")
    try reader.refuseUnknown(besides: [])
    let isNew = try await call.project.secrets.set(name, to: value, of: function, at: call.now)
    await call.environment.functions.functionsChanged()
    let secret = try await call.project.secrets.list(of: function).first { $0.name == name }
    return .json(isNew ? 201 : 200, secret?.value ?? ["name": .string(name)])
  }

  private static func delete(_ call: Call, _ name: String, of function: String?) async throws -> HTTPResponse {
    guard try await call.project.secrets.delete(name, of: function) else { throw RoostError(.notFound, "There is no secret '\(name.prefix(80))'.") }
    await call.environment.functions.functionsChanged()
    return .noContent
  }
}
