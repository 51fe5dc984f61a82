import CEL
import Core
import HTTPServer
import JSON

/// `/v1/functions/{function}/invocations` and `…/logs`: what became of the runs, to be searched.
enum FunctionRecords {
  /// Newest first.
  static let invocations = Route.admin(.get, "/v1/functions/{function}/invocations") { call in
    let name = try await Functions.function(call).definition.name
    let query = try call.query.only(["limit", "cursor", "status", "from", "to", "type", "subject", "version", "q"])
    let (limit, cursor) = try page(query)
    var filter = InvocationFilter()
    filter.statuses = try list(query["status"]).map { text in
      guard let status = Invocation.Status(rawValue: text) else {
        throw RoostError(
          .badRequest, "`status` is '\(text.prefix(40))'; expected succeeded, failed, timeout, crashed, memory_limit or suspended, perhaps several with commas."
        )
      }
      return status
    }
    (filter.from, filter.until) = (try time(query["from"], "from"), try time(query["to"], "to"))
    (filter.eventType, filter.subject, filter.text) = (query["type"], query["subject"], try text(query["q"]))
    filter.version = try query["version"].map { text in
      guard let version = Int64(text), version > 0 else { throw RoostError(.badRequest, "`version` is '\(text.prefix(20))'; expected a number from 1.") }
      return version
    }
    let items = try await call.project.functions.invocations(of: name, filter, limit: limit + 1, before: cursor)
    return .list(items.prefix(limit).map(\.value), next: items.count > limit ? items[limit - 1].id : nil)
  }

  /// Newest first; or as events, from now on.
  static let logs = Route.admin(.get, "/v1/functions/{function}/logs") { call in
    let name = try await Functions.function(call).definition.name
    let query = try call.query.only(["limit", "cursor", "level", "invocation", "from", "to", "q"])
    let (limit, cursor) = try page(query)
    let (lines, next) = try await call.project.functions.logs(of: name, try filter(query), limit: limit, before: cursor)
    return .list(lines.map(\.value), next: next)
  }

  static func filter(_ query: [String: String]) throws -> LogFilter {
    var filter = LogFilter()
    filter.levels = list(query["level"])
    for level in filter.levels where !["debug", "info", "warn", "error"].contains(level) {
      throw RoostError(.badRequest, "`level` is '\(level.prefix(40))'; expected debug, info, warn or error, perhaps several with commas.")
    }
    if let invocation = query["invocation"] { try Names.requireID(invocation) }
    filter.invocation = query["invocation"]
    (filter.from, filter.until, filter.text) = (try time(query["from"], "from"), try time(query["to"], "to"), try text(query["q"]))
    return filter
  }

  private static func page(_ query: [String: String]) throws -> (limit: Int, cursor: String?) {
    if let cursor = query["cursor"] { try Names.requireID(cursor) }
    return (try QueryParameters.limit(query["limit"]), query["cursor"])
  }

  private static func list(_ text: String?) -> [String] { text.map { $0.split(separator: ",").map(String.init) } ?? [] }

  private static func text(_ text: String?) throws -> String? {
    guard let text, !text.isEmpty else { return nil }
    guard text.utf8.count <= Limits.searchTextBytesMax else { throw RoostError(.badRequest, "`q` has at most \(Limits.searchTextBytesMax) bytes.") }
    return text
  }

  private static func time(_ text: String?, _ name: String) throws -> Timestamp? {
    guard let text else { return nil }
    guard let time = CELTimestamp(text: text) else {
      throw RoostError(.badRequest, "`\(name)` is '\(text.prefix(40))'; expected a time like 2026-11-21T10:00:00Z.")
    }
    return Timestamp(milliseconds: time.milliseconds)
  }
}
