import Core
import HTTPServer
import JSON

/// `/v1/functions/{function}/versions[/{version}]` and `…/rollback`; for admins.
enum FunctionVersions {
  /// Newest first.
  static let list = Route.admin(.get, "/v1/functions/{function}/versions") { call in
    let query = try call.query.only(["limit", "cursor"])
    let limit = try QueryParameters.limit(query["limit"])
    let before = try query["cursor"].map { text in
      guard let version = Int64(text), version > 0 else { throw RoostError(.badRequest, "The cursor is not one that this list gave.") }
      return version
    }
    let items = try await call.project.functions.versions(of: call.parameters[0], limit: limit + 1, before: before)
    return .list(items.prefix(limit).map { .object($0.value) }, next: items.count > limit ? String(items[limit - 1].version) : nil)
  }

  /// With its manifest and source.
  static let get = Route.admin(.get, "/v1/functions/{function}/versions/{version}") { call in
    let number = try version(call.parameters[1])
    guard let found = try await call.project.functions.version(number, of: call.parameters[0]) else {
      throw RoostError.versionNotFound(number, of: call.parameters[0])
    }
    var object = found.version.value
    object["manifest"] = found.definition.manifest
    if !found.version.isArchive { object["source"] = .string(found.definition.source) }
    return .json(200, .object(object))
  }

  static let delete = Route.admin(.delete, "/v1/functions/{function}/versions/{version}") { call in
    try await call.project.functions.deleteVersion(version(call.parameters[1]), of: call.parameters[0])
    return .noContent
  }

  /// Makes an earlier version current: not a copy of it. It was checked and installed when it was deployed, and serves at once.
  static let rollback = Route.admin(.post, "/v1/functions/{function}/rollback") { call in
    let name = call.parameters[0]
    var reader = try ConfigurationReader(call.body.isEmpty ? [:] : call.value(), of: "rollback")
    let stated = try reader.int("version", in: 1...Int64.max)
    try reader.refuseUnknown(besides: [])
    let target = if let stated { stated } else { try await previous(call) }
    let condition = try EntityTags.versionCondition(call.headers)
    _ = try await call.project.functions.setAlias(FunctionAlias.live, of: name, to: VersionSplit(target), expected: condition, at: call.now)
    try await Functions.functionsChanged(call)
    let function = try await Functions.function(call)
    return Functions.answer(200, function.value(at: call.now), function)
  }

  /// The newest that is older than the current one.
  private static func previous(_ call: Call) async throws -> Int64 {
    let function = try await Functions.function(call)
    guard let older = try await call.project.functions.versions(of: call.parameters[0], limit: 1, before: function.version).first else {
      throw RoostError(.conflict, "There is no version before \(function.version), the current one.")
    }
    return older.version
  }

  private static func version(_ text: String) throws -> Int64 {
    guard let version = Int64(text), version > 0 else {
      throw RoostError(.badRequest, "'\(text.prefix(40))' is not a version: expected a number from 1 on.")
    }
    return version
  }
}

extension Functions {
  /// A function with its current version as entity tag.
  static func answer(_ status: Int, _ value: JSONValue, _ function: DeployedFunction) -> HTTPResponse {
    var response = HTTPResponse.json(status, value)
    response.headers.set("ETag", "\"\(function.version)\"")
    return response
  }

  /// `?traffic=0.1` and `If-Match`.
  static func deployOptions(_ call: Call) throws -> DeployOptions {
    let query = try call.query.only(["traffic"])
    let share = try query["traffic"].map { text in
      guard let share = Double(text), share >= 0, share <= 1 else {
        throw RoostError(.badRequest, "`traffic` is '\(text.prefix(40))'; expected the new version's share of the events, from 0 to 1.")
      }
      return share
    }
    return DeployOptions(author: EventActor(call.caller).auth, share: share ?? 1, expected: try EntityTags.versionCondition(call.headers))
  }
}
