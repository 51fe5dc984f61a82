import Core
import HTTPServer
import JSON

/// `GET /v1/usage`: what functions used, summed by function, by day or altogether; for admins.
enum GetUsage {
  static let route = Route.admin(.get, "/v1/usage") { call in
    let query = try call.query.only(["by", "from", "to", "function", "limit", "cursor"])
    let group = try group(query["by"])
    let to = try day(query["to"], "to") ?? UsageDay(call.now)
    let from = try day(query["from"], "from") ?? UsageDay(number: to.number - Limits.usageDaysDefault + 1)
    guard from <= to else { throw RoostError(.badRequest, "`from` is \(from.text), which is after `to`, \(to.text).") }
    let limit = try QueryParameters.limit(query["limit"])
    let after = try query["cursor"].map { try cursor($0, group) }
    var entries = try await call.project.functions.usage(
      UsageQuery(group: group, from: from, to: to, function: query["function"], limit: limit + 1, after: after))
    if group == .project, entries.isEmpty { entries = [UsageEntry(key: "", sum: UsageSum())] }
    let items = entries.prefix(limit).map { entry -> JSONValue in
      var item: JSONObject = [group.rawValue: .string(group == .project ? call.project.name : entry.key)]
      for (name, value) in entry.sum.value { item[name] = value }
      return .object(item)
    }
    let next: JSONValue = entries.count > limit && group != .project ? .string(Base64URL.encode(Array(entries[limit - 1].key.utf8))) : .null
    return .json(200, ["from": .string(from.text), "to": .string(to.text), "items": .array(Array(items)), "nextCursor": next])
  }

  private static func group(_ text: String?) throws -> UsageQuery.Group {
    guard let text else { return .function }
    guard let group = UsageQuery.Group(rawValue: text) else {
      let known = UsageQuery.Group.allCases.map(\.rawValue).joined(separator: ", ")
      throw RoostError(.badRequest, "`by` is '\(text.prefix(20))'; expected one of \(known).")
    }
    return group
  }

  private static func day(_ text: String?, _ name: String) throws -> UsageDay? {
    guard let text else { return nil }
    guard let day = UsageDay(text: text) else {
      throw RoostError(.badRequest, "`\(name)` is '\(text.prefix(20))'; expected a day (of UTC) like 2026-11-21.")
    }
    return day
  }

  private static func cursor(_ text: String, _ group: UsageQuery.Group) throws -> String {
    guard let bytes = Base64URL.decode(text), let key = String(validating: bytes, as: UTF8.self), group != .project,
      group == .function || UsageDay(text: key) != nil
    else { throw RoostError(.badRequest, "`cursor` is not one that this server gave out for this list.") }
    return key
  }
}
