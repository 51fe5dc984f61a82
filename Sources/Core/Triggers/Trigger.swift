import JSON

/// What makes a function run.
package enum Trigger: Sendable {
  case document(DocumentTrigger)
  case before(BeforeTrigger)
  case http(HTTPTrigger)
  case file(FileTrigger)
  case user(UserTrigger)
  case event(EventTrigger)
  case schedule(ScheduleTrigger)

  /// `pointer` leads to the trigger in the manifest, for errors. Throws `validation_failed` or `expression_invalid`.
  package init(_ value: JSONValue, pointer: String) throws {
    let type = value["type"]?.stringValue ?? "document"
    switch type {
    case "document": self = .document(try DocumentTrigger(value, pointer: pointer))
    case "before": self = .before(try BeforeTrigger(value, pointer: pointer))
    case "http": self = .http(try HTTPTrigger(value, pointer: pointer))
    case "file": self = .file(try FileTrigger(value, pointer: pointer))
    case "user": self = .user(try UserTrigger(value, pointer: pointer))
    case "event": self = .event(try EventTrigger(value, pointer: pointer))
    case "schedule": self = .schedule(try ScheduleTrigger(value, pointer: pointer))
    default:
      throw RoostError(
        .validationFailed, "There is no trigger of type '\(type.prefix(40))'.",
        fields: [FieldError(pointer + "/type", "expected one of document, before, file, user, event, schedule, http")])
    }
  }

  /// Whether the event of the log makes the function run.
  package func matches(_ event: LogEvent) -> Bool {
    switch self {
    case .document(let trigger): trigger.matches(event)
    case .file(let trigger): trigger.taken(event) != nil
    case .user(let trigger): trigger.taken(event) != nil
    case .event(let trigger): trigger.matches(event)
    case .schedule(let trigger): trigger.matches(event)
    // They are asked, before or without an event.
    case .before, .http: false
    }
  }

  /// Whether a caller waits for the function, instead of the log.
  package var isAwaited: Bool {
    switch self {
    case .document, .file, .user, .event, .schedule: false
    case .before, .http: true
    }
  }

  /// Normalised, as GET shows it.
  package var value: JSONValue {
    switch self {
    case .document(let trigger): trigger.value
    case .before(let trigger): trigger.value
    case .http(let trigger): trigger.value
    case .file(let trigger): trigger.value
    case .user(let trigger): trigger.value
    case .event(let trigger): trigger.value
    case .schedule(let trigger): trigger.value
    }
  }
}
