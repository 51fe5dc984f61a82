import Core
import HTTPServer
import JSON

/// `GET /v1/documents/{collection}?deleted=true`: what was deleted and can come back, last deleted first; for admins.
enum DeletedDocuments {
  static func list(_ query: [String: String], in collection: Collection, _ call: Call, _ respond: @escaping Route.Respond) throws {
    guard try QueryParameters.flag(query["deleted"], "deleted") else {
      throw RoostError(.badRequest, "`deleted` is true or left out.")
    }
    for name in query.keys.sorted() where !["deleted", "limit", "cursor"].contains(name) {
      throw RoostError(.badRequest, "`\(name)` does not go together with `deleted`; there are `limit` and `cursor`.")
    }
    let limit = try QueryParameters.limit(query["limit"])
    let before = try query["cursor"].map(HistoryCursor.parse)
    let access = call.access(to: collection)
    call.project.documents.read(lane: offLane, { try access.deleted(before: before, limit: limit, $0) }) { result in
      respond(result.map { body(of: $0) })
    }
  }

  private static func body(of page: DeletedPage) -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("items")
    writer.beginArray()
    for item in page.items {
      writer.beginObject()
      writer.key("id")
      writer.string(item.deletion.id)
      writer.key("version")
      writer.int(item.deletion.version)
      writer.key("deletedAt")
      writer.string(item.deletion.at.text)
      writer.key("actor")
      if let auth = item.deletion.auth { writer.raw(auth) } else { writer.null() }
      writer.key("document")
      if let last = item.last { writer.raw(last.json()) } else { writer.null() }
      writer.endObject()
    }
    writer.endArray()
    writer.key("nextCursor")
    if let next = page.next { writer.string(HistoryCursor.text(next)) } else { writer.null() }
    writer.endObject()
    return .privateJSON(200, bytes: writer.bytes)
  }
}
