import Core
import HTTPServer
import JSON

/// `/v1/functions/{function}/dead-letters`, all of them: replayed or deleted.
enum DeadLetters {
  /// Delivers them again, oldest first, up to a bound; asked again while `more` is true.
  static let replay = Route.admin(.post, "/v1/functions/{function}/dead-letters/replay") { call in
    let name = try await Functions.function(call).definition.name
    _ = try call.query.only([])
    let (count, more) = try await call.environment.functions.replayDeadLetters(of: name)
    return .json(202, ["replayed": .int(Int64(count)), "more": .bool(more)])
  }

  static let deleteAll = Route.admin(.delete, "/v1/functions/{function}/dead-letters") { call in
    let name = try await Functions.function(call).definition.name
    _ = try call.query.only([])
    return .json(200, ["deleted": .int(Int64(try await call.project.functions.deleteDeadLetters(of: name, id: nil)))])
  }

  static let delete = Route.admin(.delete, "/v1/functions/{function}/dead-letters/{id}") { call in
    let name = try await Functions.function(call).definition.name
    guard try await call.project.functions.deleteDeadLetters(of: name, id: call.parameters[1]) > 0 else {
      throw RoostError(.notFound, "There is no such dead letter.")
    }
    return .noContent
  }
}
