import JSON

/// What makes a function run.
package enum Trigger: Sendable {
  case document(DocumentTrigger)

  /// `pointer` leads to the trigger in the manifest, for errors. Throws `validation_failed`, `expression_invalid` or `not_implemented`.
  package init(_ value: JSONValue, pointer: String) throws {
    let type = value["type"]?.stringValue ?? "document"
    switch type {
    case "document": self = .document(try DocumentTrigger(value, pointer: pointer))
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
    }
  }

  /// Normalised, as GET shows it.
  package var value: JSONValue {
    switch self {
    case .document(let trigger): trigger.value
    }
  }
}
