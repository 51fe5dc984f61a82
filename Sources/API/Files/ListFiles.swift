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
    let access = call.access(to: bucket)
    try access.requireList()
    let page = try await call.project.files.list(
      FileQuery(
        bucket: bucket.name, prefix: query["prefix"] ?? "", delimiter: query["delimiter"] != nil, limit: QueryParameters.limit(query["limit"]),
        after: query["cursor"].map(place), isVisible: access.visibility))
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
}
