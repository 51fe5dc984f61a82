import CEL
import JSON

/// Runs a function when a named event is emitted.
package struct EventTrigger: Sendable {
  /// A name, or the beginning of names with a star at its end: `order.*`.
  package let name: String
  package let condition: CELExpression?
  package let value: JSONValue

  init(_ value: JSONValue, pointer: String) throws {
    var reader = try ConfigurationReader(value, of: "trigger", at: pointer)
    _ = try reader.string("type")
    name = try reader.required("name", "the name of events, or a beginning like \"order.*\"")
    guard NamedEvent.isValid(name: name.hasSuffix(".*") ? String(name.dropLast(2)) : name) else {
      throw RoostError(
        .validationFailed, "An event trigger names its events.",
        fields: [FieldError(pointer + "/name", "expected letters, digits, '.', '_' and '-', perhaps with \".*\" at the end; not beginning with \"roost.\"")])
    }
    condition = try reader.string("where").map { try ExpressionKind.eventCondition.compile($0, pointer: pointer + "/where") }
    try reader.refuseUnknown(besides: [])
    self.value = ["type": "event", "name": .string(name), "where": condition.map { .string($0.source) } ?? .null]
  }

  package func matches(_ event: LogEvent) -> Bool {
    guard event.kind == .event, name.hasSuffix(".*") ? event.container.hasPrefix(name.dropLast()) : event.container == name else { return false }
    return condition?.allows(EventContext(event)) ?? true
  }
}

/// The variables of an event's condition; bare names are the members of its data.
private struct EventContext: CELActivation {
  private let event: LogEvent
  private let data: JSONValue

  init(_ event: LogEvent) {
    self.event = event
    data = event.after.flatMap { try? JSONValue(parsing: $0) } ?? .null
  }

  func value(of variable: String) -> CELValue? {
    switch variable {
    case "data": CELValue(data)
    case "event":
      CELValue([
        "type": .string(event.type), "subject": .string(event.path), "data": data,
        "auth": event.auth.flatMap { try? JSONValue(parsing: $0) } ?? .null,
      ])
    default: nil
    }
  }
}
