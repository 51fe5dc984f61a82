import Core
import HTTPServer
import JSON

/// `/v1/functions/{function}/runs[/{run}]`: durable runs, for admins.
enum FunctionRuns {
  /// Newest first; `status` chooses.
  static let list = Route.admin(.get, "/v1/functions/{function}/runs") { call in
    let name = try await function(call)
    let query = try call.query.only(["limit", "cursor", "status"])
    let limit = try QueryParameters.limit(query["limit"])
    let before = try query["cursor"].map { try id($0) }
    let status = try query["status"].map { text in
      guard let status = DurableRun.Status(rawValue: text) else {
        let known = DurableRun.Status.allCases.map(\.rawValue).joined(separator: ", ")
        throw RoostError(.badRequest, "There is no status '\(text.prefix(40))' of a run: expected one of \(known).")
      }
      return status
    }
    let items = try await call.project.functions.runs(of: name, status: status, limit: limit + 1, before: before)
    let mask = try await mask(name, call)
    return .list(items.prefix(limit).map { masked($0.value(function: name), mask) }, next: items.count > limit ? String(items[limit - 1].id) : nil)
  }

  /// With its steps.
  static let get = Route.admin(.get, "/v1/functions/{function}/runs/{run}") { call in
    let name = try await function(call)
    guard let (run, steps) = try await call.project.functions.run(id(call.parameters[1]), of: name), case .object(var value) = run.value(function: name) else {
      throw missing
    }
    let mask = try await mask(name, call)
    value["steps"] = .array(steps.map { masked($0.value, mask) })
    return .json(200, masked(.object(value), mask))
  }

  /// Ends a run that is not over: nothing of it runs again. What runs at this moment ends with its present step.
  static let cancel = Route.admin(.post, "/v1/functions/{function}/runs/{run}/cancel") { call in
    let name = try await function(call)
    guard let run = try await call.project.functions.cancelRun(id(call.parameters[1]), of: name, at: call.now) else { throw missing }
    return .json(200, masked(run.value(function: name), try await mask(name, call)))
  }

  /// What the function gave to be kept is stored as it is, because it needs it again, and shown without the secrets that it has now.
  private static func masked(_ value: JSONValue, _ mask: SecretMask) -> JSONValue {
    guard case .object(var object) = value else { return value }
    for name in ["result", "error", "waitsFor"] {
      if let member = object[name] { object[name] = mask.masking(member) }
    }
    return .object(object)
  }

  private static func mask(_ name: String, _ call: Call) async throws -> SecretMask {
    SecretMask(try await call.project.secrets.open().values(for: name))
  }

  private static var missing: RoostError { RoostError(.notFound, "There is no such run.") }

  private static func id(_ text: String) throws -> Int64 {
    guard text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }), let id = Int64(text) else {
      throw RoostError(.notFound, "'\(text.prefix(40))' is no run: a run's id is that of the event that began it, a number.")
    }
    return id
  }

  private static func function(_ call: Call) async throws -> String {
    let name = call.parameters[0]
    guard try await call.project.functions.functions().contains(where: { $0.definition.name == name }) else {
      throw RoostError(.functionNotFound, "There is no function '\(name.prefix(80))'.")
    }
    return name
  }
}
