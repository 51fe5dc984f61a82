import Core
import HTTPServer
import JSON

/// `/v1/documents/{collection}/{id}/history[/{version}]` and `…/restore`: the versions of a document, as far as the caller may see them.
enum DocumentHistory {
  /// Newest first, with `limit` and `cursor`.
  static let list = Route.open(.get, "/v1/documents/{collection}/{id}/history") { call in
    let collection = try call.documentCollection()
    let id = call.parameters[1]
    let query = try call.query.only(["limit", "cursor"])
    let limit = try QueryParameters.limit(query["limit"])
    let before = try query["cursor"].map(HistoryCursor.parse)
    let access = call.access(to: collection)
    let page = try await call.project.documents.read { try access.history(of: id, before: before, limit: limit, $0) }
    var bytes = Array(#"{"items":["#.utf8)
    for (position, entry) in page.entries.enumerated() {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      append(entry, for: call.caller, to: &bytes)
    }
    bytes.append(contentsOf: #"],"nextCursor":"#.utf8)
    (page.next.map { JSONValue.string(HistoryCursor.text($0)) } ?? .null).write(into: &bytes)
    bytes.append(UInt8(ascii: "}"))
    return .privateJSON(200, bytes: bytes)
  }

  static let get = Route.open(.get, "/v1/documents/{collection}/{id}/history/{version}") { call in
    let collection = try call.documentCollection()
    let id = call.parameters[1]
    guard let version = Int64(call.parameters[2]), version > 0 else {
      throw RoostError(.badRequest, "'\(call.parameters[2].prefix(40))' is not a version: expected a number from 1 on.")
    }
    _ = try call.query.only([])
    let access = call.access(to: collection)
    let entry = try await call.project.documents.read { try access.version(version, of: id, $0) }
    var bytes: [UInt8] = []
    append(entry, for: call.caller, to: &bytes)
    return .privateJSON(200, bytes: bytes)
  }

  /// `{"version": 3}`; of a deleted document without a version: its last one.
  static let restore = Route.open(.post, "/v1/documents/{collection}/{id}/restore") { call in
    let collection = try call.documentCollection()
    var reader = try ConfigurationReader(call.body.isEmpty ? [:] : call.value(), of: "restore")
    let version = try reader.int("version", in: 1...Int64.max)
    try reader.refuseUnknown()
    let write = try call.access(to: collection).restore(
      id: call.parameters[1], version: version, condition: EntityTags.versionCondition(call.headers))
    let outcome = try await call.project.documents.write(write)
    guard let document = outcome.after else { throw RoostError(.internal, "A restore stored nothing.") }
    // Who may change but not see what became of it learns no more than that it was done.
    guard let visible = outcome.visible else { return HTTPResponse(status: 204, headers: ["ETag": document.entityTag]) }
    return .document(visible)
  }

  /// Who wrote a version is told to those who pass rules: to others it may be somebody of whom they know nothing.
  private static func append(_ entry: HistoryPage.Entry, for caller: Caller, to bytes: inout [UInt8]) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("version")
    writer.int(entry.past.version)
    writer.key("operation")
    writer.string(entry.past.operation.rawValue)
    writer.key("at")
    writer.string(entry.past.at.text)
    if caller.passesRules {
      writer.key("actor")
      if let auth = entry.past.auth { writer.raw(auth) } else { writer.null() }
    }
    writer.key("document")
    if let document = entry.document { writer.raw(document.json()) } else { writer.null() }
    writer.endObject()
    bytes.append(contentsOf: writer.bytes)
  }
}

/// The place where a page of versions or of deleted documents ended. Opaque to callers.
enum HistoryCursor {
  static func text(_ place: Int64) -> String { Base64URL.encode((["p": .int(place)] as JSONValue).bytes()) }

  static func parse(_ text: String) throws -> Int64 {
    guard let bytes = Base64URL.decode(text), let place = (try? JSONValue(parsing: bytes))?["p"]?.intValue else {
      throw RoostError(.badRequest, "`cursor` is not one that this server gave out.")
    }
    return place
  }
}
