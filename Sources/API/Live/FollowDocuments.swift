import CEL
import Core
import HTTPServer
import JSON

/// Live queries: `GET /v1/documents/{collection}[/{id}]` with `Accept: text/event-stream`. What is there now, then every change of it.
enum FollowDocuments {
  static let many = { @Sendable (stream: StreamCall) throws in
    let call = stream.call
    let collection = try call.documentCollection()
    let query = try parameters(of: call, known: ["filter", "params", "fields", "sort"])
    let presentation = try LivePresentation(.documents, fields: query["fields"], sort: query["sort"].map(SortKey.parse) ?? [])
    let live = try LiveQuery(
      access: call.access(to: collection), filter: filter(query["filter"], collection), params: params(query["params"]), presentation: presentation.text,
      key: call.environment.live.cursorKey)
    // What the snapshot will refuse is refused before it is read.
    _ = try live.snapshotQuery(sort: presentation.sort)
    try open(live, presentation, query, stream)
  }

  static let one = { @Sendable (stream: StreamCall) throws in
    let call = stream.call
    let collection = try call.documentCollection()
    let id = call.parameters[1]
    try Names.requireID(id)
    let query = try parameters(of: call, known: ["fields"])
    let presentation = try LivePresentation(.documents, fields: query["fields"])
    let live = try LiveQuery(
      access: call.access(to: collection), id: id, filter: filter("id == params.id", collection), params: ["id": .string(id)],
      presentation: presentation.text,
      key: call.environment.live.cursorKey)
    try open(live, presentation, query, stream)
  }

  /// `GET /v1/changes/{collection}` as a stream: no snapshot, every change after `since` or after now.
  static let changes = { @Sendable (stream: StreamCall) throws in
    let call = stream.call
    let collection = try call.documentCollection()
    let query = try parameters(of: call, known: ["filter", "params", "fields", "since"])
    let presentation = try LivePresentation(.changes, fields: query["fields"], showsOrigin: call.caller.passesRules)
    let live = try LiveQuery(
      access: call.access(to: collection), filter: filter(query["filter"], collection), params: params(query["params"]), presentation: presentation.text,
      key: call.environment.live.cursorKey)
    try open(live, presentation, query, stream)
  }

  // MARK: Reading the request

  /// What lists know and a live query does not, with the reason.
  private static let refused: [String: String] = [
    "limit": "a live query follows everything that its filter finds", "cursor": "a live query has no pages",
    "expand": "a live query follows one collection", "search": "a live query follows a filter", "count": "count what arrives",
    "explain": "ask for the plan of the list with the same filter",
  ]

  private static func parameters(of call: Call, known: Set<String>) throws -> [String: String] {
    for (name, _) in try call.query.all() where !known.contains(name) {
      if let reason = refused[name] { throw RoostError(.badRequest, "`\(name)` does not go with events: \(reason).") }
    }
    return try call.query.only(known.union(["lastEventId"]))
  }

  static func filter(_ text: String?, _ collection: Collection) throws -> CELExpression? {
    try text.map { try ExpressionKind.filter.compile($0, pointer: "/filter", document: collection.documentType) }
  }

  /// The filter's `params`: a JSON object.
  static func params(_ text: String?) throws -> JSONObject {
    guard let text else { return [:] }
    guard let object = try? JSONValue(parsing: Array(text.utf8), depthMax: Limits.jsonDepthMax).objectValue else {
      throw RoostError(.badRequest, #"`params` is not understood: expected a JSON object like {"room": "r1"}."#)
    }
    return object
  }

  /// Where the client was: what its EventSource remembers counts more than what its address began with.
  private static func cursor(_ call: Call, _ query: [String: String]) -> LiveCursor? {
    let texts = [call.headers["Last-Event-ID"], query["lastEventId"], query["since"]]
    guard let text = texts.compactMap(\.self).first(where: { !$0.isEmpty }) else { return nil }
    return LiveCursor(text, call.environment.live.cursorKey) ?? .unknown
  }

  private static func open(_ live: LiveQuery, _ presentation: LivePresentation, _ query: [String: String], _ stream: StreamCall) throws {
    let (call, exchange) = (stream.call, stream.exchange)
    let queries = call.environment.live
    let owner = owner(of: call)
    try queries.admit(owner, stream.credential)
    exchange.answerComesLater()
    queries.lane(of: exchange).open(live, presentation, cursor: cursor(call, query)) { group, lane in
      LiveSubscription(group, lane: lane, credential: stream.credential, owner: owner, exchange: exchange, refuse: stream.refuse)
    }
  }

  /// Whom the limit of one caller counts: the account, or the address of those who have none.
  private static func owner(of call: Call) -> String {
    switch call.caller {
    case .anonymous: "address " + call.remoteAddress
    case .user(let user): "user " + user.id
    case .admin(let id, _): "admin " + id
    case .key(let id): "key " + id
    case .function(let name, _): "function " + name
    }
  }
}
