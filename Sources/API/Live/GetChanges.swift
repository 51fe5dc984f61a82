import Core
import HTTPServer
import JSON

/// `GET /v1/changes/{collection}?since=…&limit=…&filter=…`: the changes after a cursor, in commit order, as this caller may see them.
/// Without `since` it answers the cursor of now. A page that had to pass over many changes of others ends early, with a cursor that has moved.
enum GetChanges {
  static let route = Route.open(.get, "/v1/changes/{collection}") { call in
    let query = try call.query.only(["filter", "params", "fields", "since", "limit", "wait"])
    let limit = try QueryParameters.limit(query["limit"])
    let deadline = ContinuousClock.now + (try wait(query["wait"]))
    guard let since = query["since"] else {
      let (live, _) = try request(call, query)
      return answer([], live.cursor(at: try await call.project.log.lastSequence()), hasMore: false)
    }
    guard let cursor = LiveCursor(since, call.environment.live.cursorKey) else {
      throw RoostError(.badRequest, "`since` is not a cursor that this server gave out.")
    }
    var sequence = cursor.sequence
    while true {
      // Each time anew: while it waited rules may have changed, and the caller's session may have ended.
      let (live, presentation) = try request(call, query)
      guard cursor.fingerprint == live.fingerprint else { throw expired("It belongs to another filter, another caller or other rules.") }
      // How far is looked does not depend on what is asked for: page by page that would count the changes that are hidden.
      let stretch = live.seesEverything ? limit : Limits.changesPerBatchMax
      let portion = try await call.project.log.portion(of: live.collection.name, after: sequence, limit: stretch)
      guard !portion.isBroken else { throw expired("The log does not go back so far.") }
      let items = try await items(of: portion.changes, most: limit + 1, live, presentation, call)
      if items.count > limit {
        return answer(items.prefix(limit).map(\.json), live.cursor(at: items[limit - 1].sequence), hasMore: true)
      }
      let waiters = call.environment.live.waiters
      guard items.isEmpty, portion.isLast, ContinuousClock.now < deadline, !waiters.isOver, !Task.isCancelled else {
        return answer(items.map(\.json), live.cursor(at: portion.through), hasMore: !portion.isLast)
      }
      sequence = portion.through
      await waiters.wait(for: live.collection.name, after: sequence, until: deadline)
      try await call.environment.authenticator.requireStillGood(authorization: call.headers["Authorization"])
    }
  }
  .streaming(FollowDocuments.changes)

  private static func request(_ call: Call, _ query: [String: String]) throws -> (LiveQuery, LivePresentation) {
    let collection = try call.documentCollection()
    let presentation = try LivePresentation(.changes, fields: query["fields"], showsOrigin: call.caller.passesRules)
    let live = try LiveQuery(
      access: call.access(to: collection), filter: FollowDocuments.filter(query["filter"], collection),
      params: FollowDocuments.params(query["params"]), presentation: presentation.text, key: call.environment.live.cursorKey)
    return (live, presentation)
  }

  private static func wait(_ text: String?) throws -> Duration {
    let secondsMax = Int(Limits.changesWaitMax.components.seconds)
    guard let text else { return .zero }
    guard let seconds = Int(text), (0...secondsMax).contains(seconds) else {
      throw RoostError(.badRequest, "`wait` is '\(text.prefix(20))'; expected a whole number of seconds from 0 to \(secondsMax).")
    }
    return .seconds(seconds)
  }

  private static func expired(_ reason: String) -> RoostError {
    RoostError(.cursorExpired, "There is no going on from this cursor. \(reason) Take a new one and read the documents anew.")
  }

  /// A change as the caller is told of it, and its place in the log.
  private struct Item: Sendable {
    let sequence: Int64
    let json: [UInt8]
  }

  private static func items(
    of changes: [LoggedChange], most: Int, _ live: LiveQuery, _ presentation: LivePresentation, _ call: Call
  ) async throws -> [Item] {
    let judge = { @Sendable (lookups: RuleLookups?) in
      var items: [Item] = []
      for change in changes where items.count < most {
        guard let outcome = try live.outcome(of: change, lookups) else { continue }
        var json: [UInt8] = []
        presentation.appendItem(outcome, of: change, live.cursor(at: change.sequence), to: &json)
        items.append(Item(sequence: change.sequence, json: json))
      }
      return items
    }
    guard live.looksUp else { return try judge(nil) }
    return try await call.project.documents.read { reader in try judge(RuleLookups(reader)) }
  }

  private static func answer(_ items: [[UInt8]], _ cursor: String, hasMore: Bool) -> HTTPResponse {
    var bytes = Array(#"{"items":["#.utf8)
    bytes.reserveCapacity(items.reduce(128) { $0 + $1.count + 1 })
    for (position, item) in items.enumerated() {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(contentsOf: item)
    }
    bytes.append(contentsOf: #"],"nextCursor":"\#(cursor)","hasMore":\#(hasMore)}"#.utf8)
    return .privateJSON(200, bytes: bytes)
  }
}
