import Core
import HTTPServer
import JSON

/// `GET /v1/files/{bucket}?prefix=&delimiter=/&limit=&cursor=`: files by path. The read rule filters.
enum ListFiles {
  static let route = Route.open(.get, "/v1/files/{bucket}") { call in
    let bucket = try call.project.bucket(call.parameters[0])
    let query = try call.query.only(["prefix", "delimiter", "limit", "cursor"])
    if let delimiter = query["delimiter"], delimiter != "/" {
      throw RoostError(.badRequest, "`delimiter` is '\(delimiter.prefix(20))'; expected '/'.")
    }
    if !call.caller.passesRules, bucket.configuration.read.expression == nil {
      throw RoostError.denied("list '\(bucket.name)'", caller: call.caller)
    }
    let page = try await call.project.files.list(
      FileQuery(
        bucket: bucket.name, prefix: query["prefix"] ?? "", delimiter: query["delimiter"] != nil, limit: QueryParameters.limit(query["limit"]),
        after: query["cursor"].map(place), isVisible: visibility(in: bucket, for: call)))
    return .json(
      200,
      [
        "items": .array(page.items.map(\.value)), "prefixes": .array(page.prefixes.map(JSONValue.string)),
        "nextCursor": page.next.map { .string(Base64URL.encode(Array($0.utf8))) } ?? .null,
      ])
  }

  private static func place(_ cursor: String) throws -> String {
    guard let bytes = Base64URL.decode(cursor), let path = String(validating: bytes, as: UTF8.self) else {
      throw RoostError(.badRequest, "`cursor` is not one that this server gave out.")
    }
    return path
  }

  /// nil: the caller sees every file.
  private static func visibility(in bucket: Bucket, for call: Call) -> (@Sendable (StoredFile) -> Bool)? {
    let rule = bucket.configuration.read
    if call.caller.passesRules || rule.isPublic { return nil }
    let variables = call.variables
    return { file in rule.allows(FileRuleContext(variables, file: file)) }
  }
}
