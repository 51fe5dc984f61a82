import CEL
import JSON

/// What `step.waitForEvent` waits for: the first event of its name after the wait was registered that fits.
package struct EventWait: Sendable {
  /// An event's type (`roost.document.updated`, or `document.updated` for short), or the name of an event that somebody emits.
  package let event: String
  /// Only changes in this collection or bucket.
  package let collection: String?
  /// A condition as triggers have it.
  package let condition: CELExpression?
  /// Members that the event's data must have, with these values; objects are compared member by member.
  package let match: JSONObject
  /// Events up to here in the log came before it.
  package var after: Int64 = 0

  /// Throws `validation_failed` or `expression_invalid`.
  package init(_ value: JSONValue) throws {
    var reader = try ConfigurationReader(value, of: "wait for an event")
    let name = try reader.required("event", "an event's name, such as \"order.paid\" or \"document.updated\"")
    guard !name.isEmpty, name.utf8.count <= Limits.stepNameBytesMax else {
      throw RoostError(.validationFailed, "A wait for an event names it with at most \(Limits.stepNameBytesMax) bytes.")
    }
    let isOurs = ["document.created", "document.updated", "document.deleted", "file.created", "file.updated", "file.deleted"].contains(name)
    let event = isOurs ? "roost." + name : name
    self.event = event
    collection = try reader.string("collection")
    condition = try reader.string("where").map { source in
      guard source.utf8.count <= Limits.stepConditionBytesMax else {
        throw RoostError(.validationFailed, "The condition of a wait has at most \(Limits.stepConditionBytesMax) bytes.")
      }
      let kind: ExpressionKind =
        event.hasPrefix("roost.file.") ? .fileCondition : event.hasPrefix("roost.") ? .triggerCondition : .eventCondition
      return try kind.compile(source, pointer: "/where")
    }
    match = try reader.object("match") ?? [:]
    guard match.isEmpty || JSONValue.object(match).bytes().count <= Limits.stepConditionBytesMax else {
      throw RoostError(.validationFailed, "The `match` of a wait has at most \(Limits.stepConditionBytesMax) bytes.")
    }
    try reader.refuseUnknown(besides: [])
  }

  /// What `init` reads again.
  package var value: JSONValue {
    var value: JSONObject = ["event": .string(event)]
    if let collection { value["collection"] = .string(collection) }
    if let condition { value["where"] = .string(condition.source) }
    if !match.isEmpty { value["match"] = .object(match) }
    return .object(value)
  }

  package func matches(_ event: LogEvent) -> Bool {
    guard event.sequence > after, event.isWaitable, event.type == self.event else { return false }
    guard collection == nil || collection == event.container else { return false }
    if !match.isEmpty {
      guard let data = event.waitData.flatMap({ try? JSONValue(parsing: $0) }), Self.fits(.object(match), data) else { return false }
    }
    guard let condition else { return true }
    return condition.allows(WaitContext(event))
  }

  private static func fits(_ wanted: JSONValue, _ found: JSONValue?) -> Bool {
    guard let found else { return false }
    guard case .object(let members) = wanted, case .object(let other) = found else { return wanted == found }
    return members.allSatisfy { fits($0.value, other[$0.key]) }
  }
}

extension LogEvent {
  /// Whether a step may wait for it: what happens to documents, files and accounts, and what somebody emits.
  package var isWaitable: Bool {
    switch kind {
    case .document, .file, .user, .event: true
    case .schedule, .function, .run: false
    }
  }

  /// What a wait's `match` and bare names look at: an event's data; a document after the change, or before its deletion.
  fileprivate var waitData: [UInt8]? { after ?? before }
}

private struct WaitContext: CELActivation {
  let event: LogEvent

  init(_ event: LogEvent) { self.event = event }

  func value(of variable: String) -> CELValue? {
    switch variable {
    case "document": .null
    case "data", "file": CELValue(json(event.waitData))
    case "event":
      CELValue([
        "type": .string(event.type), "subject": .string(event.path), "before": json(event.before), "after": json(event.after), "data": json(event.waitData),
        "auth": json(event.auth),
      ])
    default: nil
    }
  }

  func document(of variable: String) -> CELDocument? {
    variable == "document" ? event.waitData.map { CELDocument(body: $0) } : nil
  }

  private func json(_ bytes: [UInt8]?) -> JSONValue { bytes.flatMap { try? JSONValue(parsing: $0) } ?? .null }
}
