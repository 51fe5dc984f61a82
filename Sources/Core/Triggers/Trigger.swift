import JSON

/// What makes a function run.
package enum Trigger: Sendable {
  case document(DocumentTrigger)
  case before(BeforeTrigger)

  /// `pointer` leads to the trigger in the manifest, for errors. Throws `validation_failed`, `expression_invalid` or `not_implemented`.
  package init(_ value: JSONValue, pointer: String) throws {
    let type = value["type"]?.stringValue ?? "document"
    switch type {
    case "document": self = .document(try DocumentTrigger(value, pointer: pointer))
    case "before": self = .before(try BeforeTrigger(value, pointer: pointer))
    default:
      throw RoostError(
        .notImplemented, "Triggers of type '\(type.prefix(40))' are not built yet; there is `document`.",
        fields: [FieldError(pointer + "/type", "expected \"document\"")])
    }
  }

  /// Whether the event of the log makes the function run.
  package func matches(_ event: LogEvent) -> Bool {
    switch self {
    case .document(let trigger): trigger.matches(event)
    // It was asked before there was an event.
    case .before: false
    }
  }

  /// Whether a caller waits for the function, instead of the log.
  package var isAwaited: Bool {
    switch self {
    case .document: false
    }
  }

  /// Normalised, as GET shows it.
  package var value: JSONValue {
    switch self {
    case .document(let trigger): trigger.value
    case .before(let trigger): trigger.value
    }
  }
}
