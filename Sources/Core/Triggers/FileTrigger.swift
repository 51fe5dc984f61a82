import CEL
import JSON

/// Runs a function after files of a bucket came or went. As in S3 a file that replaces another was created, too; `before` tells of the other.
package struct FileTrigger: Sendable {
  package let actions: Set<LogEvent.Action>
  package let bucket: String
  package let condition: CELExpression?
  package let value: JSONValue

  init(_ value: JSONValue, pointer: String) throws {
    var reader = try ConfigurationReader(value, of: "trigger", at: pointer)
    _ = try reader.string("type")
    actions = try LogEvent.Action.chosen(reader.array("events"), among: [.created, .deleted], pointer: pointer)
    bucket = try reader.required("bucket", "a bucket's name")
    condition = try reader.string("where").map { try ExpressionKind.fileCondition.compile($0, pointer: pointer + "/where") }
    try reader.refuseUnknown(besides: [])
    self.value = [
      "type": "file", "events": .array([.created, .deleted].filter(actions.contains).map { .string($0.rawValue) }), "bucket": .string(bucket),
      "where": condition.map { .string($0.source) } ?? .null,
    ]
  }

  /// The event as the function gets it.
  package func taken(_ event: LogEvent) -> LogEvent? {
    guard event.kind == .file, event.container == bucket else { return nil }
    let event = event.action == .updated ? event.shown(as: .file, .created) : event
    guard actions.contains(event.action), condition?.allows(FileContext(event)) ?? true else { return nil }
    return event
  }
}

/// The variables of a file's condition; bare names are the file's (as it was, for `deleted`).
private struct FileContext: CELActivation {
  private let event: LogEvent

  init(_ event: LogEvent) { self.event = event }

  func value(of variable: String) -> CELValue? {
    switch variable {
    case "file": CELValue(json(event.after ?? event.before))
    case "event":
      CELValue([
        "type": .string(event.type), "subject": .string(event.path), "before": json(event.before), "after": json(event.after), "auth": json(event.auth),
      ])
    default: nil
    }
  }

  private func json(_ bytes: [UInt8]?) -> JSONValue { bytes.flatMap { try? JSONValue(parsing: $0) } ?? .null }
}

extension LogEvent.Action {
  /// The events that a trigger names; the first of what there is, if it names none.
  static func chosen(_ events: [JSONValue]?, among known: [LogEvent.Action], pointer: String) throws -> Set<LogEvent.Action> {
    let names = known.map(\.rawValue).joined(separator: ", ")
    guard let events else { return [known[0]] }
    guard !events.isEmpty else {
      throw RoostError(.validationFailed, "A trigger names its events.", fields: [FieldError(pointer + "/events", "expected at least one of \(names)")])
    }
    return Set(
      try events.enumerated().map { position, event in
        guard let action = event.stringValue.flatMap(LogEvent.Action.init), known.contains(action) else {
          throw RoostError(.validationFailed, "A trigger names its events.", fields: [FieldError("\(pointer)/events/\(position)", "expected one of \(names)")])
        }
        return action
      })
  }
}

extension LogEvent {
  /// The same under another name.
  func shown(as kind: Kind, _ action: Action) -> LogEvent {
    LogEvent(
      sequence: sequence, time: time, kind: kind, action: action, container: container, subject: subject, before: before, after: after, auth: auth,
      depth: depth, trace: trace)
  }
}
