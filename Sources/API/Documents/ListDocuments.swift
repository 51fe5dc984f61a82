import CEL
import Core
import HTTPServer
import JSON

/// `GET /v1/documents/{collection}`: `filter`, `sort`, `limit`, `cursor`, `fields`, `count`, `expand`. The read rule filters, it does not refuse;
/// where there is no read rule at all, only admins list.
enum ListDocuments {
  static let route = Route.direct(.get, "/v1/documents/{collection}") { call, respond in
    let collection = try call.documentCollection()
    let query = try call.query.only(["filter", "sort", "limit", "cursor", "fields", "expand", "search", "count", "explain", "deleted"])
    if query["deleted"] != nil { return try DeletedDocuments.list(query, in: collection, call, respond) }
    try run(
      ListRequest(
        filter: query["filter"], params: [:], sort: query["sort"].map(SortKey.parse) ?? [], limit: QueryParameters.limit(query["limit"]),
        cursor: query["cursor"], fields: FieldSelection(text: query["fields"]), counts: try QueryParameters.flag(query["count"], "count"),
        expand: query["expand"], explains: try QueryParameters.flag(query["explain"], "explain"), search: query["search"]),
      in: collection, call: call, respond)
  }.streaming(FollowDocuments.many)

  static func run(_ request: ListRequest, in collection: Collection, call: Call, _ respond: @escaping Route.Respond) throws {
    if let text = request.search { return try SearchDocuments.run(text, request, in: collection, call: call, respond) }
    let query = try call.access(to: collection).query(
      filter: filter(request, in: collection), params: call.variables(of: call.caller, params: request.params), sort: request.sort, limit: request.limit,
      cursor: try request.cursor.map { try PageCursor(parsing: $0, sort: request.sort) })
    if request.explains { return try explain(query, in: collection, call, respond) }
    let extras = PageExtras(counts: request.counts, expansion: try request.expand.map { try call.expansion($0, of: collection) })
    let answer: @Sendable (Result<DocumentPage, any Error>) -> Void = { result in
      respond(result.map { HTTPResponse.json(200, body(of: $0, request)).dependingOnCaller(collection) })
    }
    // A page alone may be read at once; what costs more goes with it to the pool, where all of it is one snapshot.
    if extras.isEmpty {
      call.project.documents.page(query, in: collection, lane: call.lane, then: answer)
    } else {
      call.project.documents.page(query, with: extras, in: collection, then: answer)
    }
  }

  static func filter(_ request: ListRequest, in collection: Collection) throws -> CELExpression? {
    try request.filter.map { try ExpressionKind.filter.compile($0, pointer: "/filter", document: collection.documentType) }
  }

  /// `?explain=true`, for admins: how the list would be read, instead of the list.
  private static func explain(_ query: DocumentQuery, in collection: Collection, _ call: Call, _ respond: @escaping Route.Respond) throws {
    try requireExplaining(collection, call)
    call.project.documents.plan(query, in: collection) { result in respond(result.map { .privateJSON(200, ["plan": $0.value]) }) }
  }

  static func requireExplaining(_ collection: Collection, _ call: Call) throws {
    guard call.caller.passesRules else { throw RoostError.denied("see how '\(collection.name)' is read", caller: call.caller) }
  }

  private static func body(of page: DocumentPage, _ request: ListRequest) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(page.items.reduce(64) { $0 + $1.body.count + 160 })
    bytes.append(contentsOf: #"{"items":["#.utf8)
    for (position, document) in page.items.enumerated() {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      if let expanded = page.expanded {
        bytes.append(contentsOf: request.fields.apply(to: expanded[position].appended(to: document)))
      } else if request.fields.isEverything {
        document.appendJSON(to: &bytes)
      } else {
        bytes.append(contentsOf: request.fields.apply(to: document.json()))
      }
    }
    appendEnd(next: page.next?.text(sort: request.sort), total: page.total, to: &bytes)
    return bytes
  }

  /// The end of a page behind its items, of which `{"items":[` is the beginning.
  static func appendEnd(next: String?, total: DocumentTotal?, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: #"],"nextCursor":"#.utf8)
    (next.map(JSONValue.string) ?? .null).write(into: &bytes)
    switch total {
    case nil: break
    case .exactly(let total): bytes.append(contentsOf: #","total":\#(total)"#.utf8)
    case .unknown: bytes.append(contentsOf: #","total":null"#.utf8)
    }
    bytes.append(UInt8(ascii: "}"))
  }
}

/// What a list asks for, from the query string or from a body.
struct ListRequest: Sendable {
  let filter: String?
  let params: JSONObject
  let sort: [SortKey]
  let limit: Int
  let cursor: String?
  let fields: FieldSelection
  /// Whether to tell how many documents match.
  let counts: Bool
  /// The references to follow, as they were asked for.
  let expand: String?
  let explains: Bool
  let search: String?
}
