import Core
import HTTPServer
import JSON

/// `/v1/functions/{function}/aliases[/{alias}]`: names for versions, and `live`, which says who takes events; for admins.
enum FunctionAliases {
  static let list = Route.admin(.get, "/v1/functions/{function}/aliases") { call in
    .list(try await call.project.functions.aliases(of: call.parameters[0]).map(\.value))
  }

  static let get = Route.admin(.get, "/v1/functions/{function}/aliases/{alias}") { call in
    let name = call.parameters[1]
    guard let alias = try await call.project.functions.aliases(of: call.parameters[0]).first(where: { $0.name == name }) else {
      throw RoostError(.notFound, "The function has no alias '\(name.prefix(80))'.")
    }
    return .json(200, alias.value)
  }

  static let put = Route.admin(.put, "/v1/functions/{function}/aliases/{alias}") { call in
    let (function, name) = (call.parameters[0], call.parameters[1])
    try Names.requireName(name, of: "alias")
    let split = try VersionSplit(configured: call.value())
    let condition = try EntityTags.versionCondition(call.headers)
    let (alias, created) = try await call.project.functions.setAlias(name, of: function, to: split, expected: condition, at: call.now)
    try await Functions.functionsChanged(call)
    return .json(created ? 201 : 200, alias.value)
  }

  static let delete = Route.admin(.delete, "/v1/functions/{function}/aliases/{alias}") { call in
    try await call.project.functions.deleteAlias(call.parameters[1], of: call.parameters[0], at: call.now)
    try await Functions.functionsChanged(call)
    return .noContent
  }
}
