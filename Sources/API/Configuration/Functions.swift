import Core
import HTTPServer
import JSON

/// `/v1/functions[/{function}]`: deploying, and what became of the runs; for admins.
enum Functions {
  static let list = Route.admin(.get, "/v1/functions") { call in
    .list(try await call.project.functions.functions().map { $0.value(at: call.now) })
  }

  static let get = Route.admin(.get, "/v1/functions/{function}") { call in
    let function = try await function(call)
    guard case .object(var object) = function.value(at: call.now) else { return .noContent }
    if function.definition.archive == nil { object["source"] = .string(function.definition.source) }
    object["instances"] = .int(Int64(call.environment.functions.instances(of: function.definition.name)))
    return answer(200, .object(object), function)
  }

  /// Deploys a new version. A bad one is refused, and the old one goes on serving.
  static let put = Route.deploy(.put, "/v1/functions/{function}") { call, upload in
    let options = try deployOptions(call)
    let definition = try upload.definition()
    for (position, trigger) in definition.documentTriggers + definition.beforeTriggers.map({ ($0.position, $0.trigger.document) }) {
      do {
        _ = try call.project.collection(trigger.collection)
      } catch {
        throw RoostError(
          .validationFailed, "The function's trigger names a collection that does not exist: '\(trigger.collection)'.",
          fields: [FieldError("/triggers/\(position)/collection", "expected an existing collection")])
      }
    }
    try await requireFunctions(definition, call)
    for (position, trigger) in definition.triggers.enumerated() {
      if case .schedule(let schedule) = trigger { try requireZone(of: schedule, "/triggers/\(position)/timeZone") }
    }
    for (_, trigger) in definition.httpTriggers { try call.project.requireCollections(trigger.lookedUp) }
    for (position, bucket) in definition.buckets { try requireBucket(bucket, "/triggers/\(position)/bucket", call) }
    let installLog = try await upload.keep(for: definition, call.environment.functions)
    try await call.environment.functions.check(definition)
    let newSecrets = definition.remote?.newSecrets ?? []
    // A deploy that will be refused replaces no secret.
    if !newSecrets.isEmpty {
      let current = try await call.project.functions.functions().first { $0.definition.name == definition.name }
      try options.expected.requireFunction(version: current?.version)
    }
    for (name, value) in newSecrets {
      _ = try await call.project.secrets.set(name, to: value, of: definition.name, at: call.now)
    }
    let (function, created) = try await call.project.functions.deploy(definition, options, at: call.now)
    try await functionsChanged(call)
    return answer(created ? 201 : 200, function.value(at: call.now).adding(deployed: function.deployed ?? function.version, installLog: installLog), function)
  }

  static let delete = Route.admin(.delete, "/v1/functions/{function}") { call in
    guard try await call.project.functions.deleteFunction(call.parameters[0]) else { throw missing(call.parameters[0]) }
    try await functionsChanged(call)
    return .noContent
  }

  /// Call after each change of what is deployed: every later commit asks the before triggers that there are now.
  static func functionsChanged(_ call: Call) async throws {
    // First those that can run them.
    await call.environment.functions.functionsChanged()
    try await call.project.reloadTriggers()
  }

  static let deadLetters = Route.admin(.get, "/v1/functions/{function}/dead-letters") { call in
    let name = try await function(call).definition.name
    let (limit, cursor) = try page(call)
    let items = try await call.project.functions.deadLetters(of: name, limit: limit + 1, after: cursor)
    return .list(items.prefix(limit).map { $0.value(project: call.project.name) }, next: items.count > limit ? items[limit - 1].id : nil)
  }

  /// Delivers a dead letter again, from its first attempt.
  static let replay = Route.admin(.post, "/v1/functions/{function}/dead-letters/{id}/replay") { call in
    let name = try await function(call).definition.name
    guard try await call.environment.functions.replay(deadLetter: call.parameters[1], of: name) else {
      throw RoostError(.notFound, "There is no such dead letter.")
    }
    return HTTPResponse(status: 202)
  }

  private static func requireFunctions(_ definition: FunctionDefinition, _ call: Call) async throws {
    guard !definition.then.isEmpty else { return }
    let known = Set(try await call.project.functions.functions().map(\.definition.name))
    for (position, name) in definition.then.enumerated() where name != definition.name && !known.contains(name) {
      throw RoostError(
        .validationFailed, "The function hands its result to one that does not exist: '\(name)'.",
        fields: [FieldError("/then/\(position)", "expected an existing function; deploy the last one of a sequence first")])
    }
  }

  /// Refused here and not where definitions are read: what is deployed goes on.
  static func requireZone(of schedule: ScheduleTrigger, _ pointer: String) throws {
    let zone = schedule.schedule.timeZone
    guard CronSchedule.dependsOnMachine(zone) else { return }
    throw RoostError(
      .validationFailed, "The time zone '\(zone)' is not the same on each machine.",
      fields: [FieldError(pointer, "expected a name of the IANA database like \"Europe/Berlin\", or \"UTC\"")])
  }

  private static func requireBucket(_ name: String, _ pointer: String, _ call: Call) throws {
    guard !call.project.buckets.contains(where: { $0.name == name }) else { return }
    throw RoostError(
      .validationFailed, "The function's trigger names a bucket that does not exist: '\(name.prefix(80))'.",
      fields: [FieldError(pointer, "expected an existing bucket")])
  }

  static func page(_ call: Call) throws -> (limit: Int, cursor: String?) {
    let query = try call.query.only(["limit", "cursor"])
    if let cursor = query["cursor"] { try Names.requireID(cursor) }
    return (try QueryParameters.limit(query["limit"]), query["cursor"])
  }

  static func function(_ call: Call) async throws -> DeployedFunction {
    guard let function = try await call.project.functions.functions().first(where: { $0.definition.name == call.parameters[0] }) else {
      throw missing(call.parameters[0])
    }
    return function
  }

  static func missing(_ name: String) -> RoostError {
    RoostError(.functionNotFound, "There is no function '\(name.prefix(80))'.")
  }
}
