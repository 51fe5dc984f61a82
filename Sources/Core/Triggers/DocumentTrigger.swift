import CEL
import JSON

/// Runs a function after documents of a collection changed.
package struct DocumentTrigger: Sendable {
  package let actions: Set<String>
  package let collection: String
  package let condition: CELExpression?
  package let value: JSONValue

  init(_ value: JSONValue, pointer: String) throws {
    var reader = try ConfigurationReader(value, of: "trigger", at: pointer)
    _ = try reader.string("type")
    let events = try reader.array("events") ?? ["created"]
    var actions: Set<String> = []
    for (position, event) in events.enumerated() {
      switch event.stringValue {
      case "created": actions.insert("created")
      case "updated": actions.insert("updated")
      case "deleted": actions.insert("deleted")
      case "written": actions.formUnion(["created", "updated", "deleted"])
      default:
        throw RoostError(
          .validationFailed, "A trigger names its events.",
          fields: [FieldError("\(pointer)/events/\(position)", "expected one of created, updated, deleted, written")])
      }
    }
    guard !actions.isEmpty else {
      throw RoostError(.validationFailed, "A trigger names its events.", fields: [FieldError(pointer + "/events", "expected at least one")])
    }
    guard let collection = try reader.string("collection"), Names.isValidName(collection) else {
      throw RoostError(
        .validationFailed, "A document trigger names its collection.",
        fields: [FieldError(pointer + "/collection", "expected a collection's name")])
    }
    condition = try reader.string("where").map { try ExpressionKind.triggerCondition.compile($0, pointer: pointer + "/where") }
    try reader.refuseUnknown()
    self.actions = actions
    self.collection = collection
    self.value = [
      "type": "document", "events": .array(events), "collection": .string(collection),
      "where": condition.map { .string($0.source) } ?? .null,
    ]
  }

  /// Whether the event makes the function run. Bare names of the condition are the document's (as it was, for `deleted`).
  package func matches(_ event: LogEvent) -> Bool {
    guard event.kind == .document, event.container == collection, actions.contains(event.action.rawValue) else { return false }
    // What was deleted before is purged: nothing changed that a function has not heard of.
    guard event.before != nil || event.after != nil else { return false }
    guard let condition else { return true }
    return condition.allows(TriggerContext(event))
  }
}

/// The variables of the condition of documents and users.
struct TriggerContext: CELActivation {
  private let event: LogEvent

  init(_ event: LogEvent) {
    self.event = event
  }

  func value(of variable: String) -> CELValue? {
    switch variable {
    case "document": .null
    case "event":
      CELValue([
        "type": .string(event.type), "subject": .string(event.path), "before": json(event.before), "after": json(event.after),
        "auth": json(event.auth),
      ])
    default: nil
    }
  }

  func document(of variable: String) -> CELDocument? {
    variable == "document" ? (event.after ?? event.before).map { CELDocument(body: $0) } : nil
  }

  private func json(_ bytes: [UInt8]?) -> JSONValue {
    bytes.flatMap { try? JSONValue(parsing: $0) } ?? .null
  }
}
