import CEL
import JSON

/// Runs a function after somebody registered or was created, was deleted, or signed in.
package struct UserTrigger: Sendable {
  package let actions: Set<LogEvent.Action>
  package let condition: CELExpression?
  package let value: JSONValue

  init(_ value: JSONValue, pointer: String) throws {
    var reader = try ConfigurationReader(value, of: "trigger", at: pointer)
    _ = try reader.string("type")
    actions = try LogEvent.Action.chosen(reader.array("events"), among: [.created, .deleted, .signedIn], pointer: pointer)
    condition = try reader.string("where").map { try ExpressionKind.triggerCondition.compile($0, pointer: pointer + "/where") }
    try reader.refuseUnknown(besides: [])
    self.value = [
      "type": "user", "events": .array([.created, .deleted, .signedIn].filter(actions.contains).map { .string($0.rawValue) }),
      "where": condition.map { .string($0.source) } ?? .null,
    ]
  }

  /// The event as the function gets it: users are documents, and their coming and going is that of their profiles.
  package func taken(_ event: LogEvent) -> LogEvent? {
    let event = event.kind == .document && event.container == Collection.users ? event.shown(as: .user, event.action) : event
    guard event.kind == .user, actions.contains(event.action), event.before != nil || event.after != nil else { return nil }
    return condition?.allows(TriggerContext(event)) ?? true ? event : nil
  }
}
