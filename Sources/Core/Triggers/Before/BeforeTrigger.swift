import JSON

/// Runs a function before documents of a collection change: it may refuse the write, or store something else.
package struct BeforeTrigger: Sendable {
  /// Which writes it is asked about: as for the changes themselves.
  package let document: DocumentTrigger
  /// How long one run may take; the function's own `timeout` where that is shorter.
  package let timeout: Duration

  package var collection: String { document.collection }

  init(_ value: JSONValue, pointer: String) throws {
    var object = try JSONObject(trigger: value, pointer: pointer)
    var reader = try ConfigurationReader(["timeout": object["timeout"] ?? .null], of: "trigger", at: pointer)
    timeout = try reader.duration("timeout", most: Limits.beforeTimeoutMax) ?? Limits.beforeTimeoutDefault
    object["timeout"] = nil
    document = try DocumentTrigger(.object(object), pointer: pointer)
  }

  package var value: JSONValue {
    guard case .object(var object) = document.value else { return document.value }
    object["type"] = "before"
    object["timeout"] = .string(timeout.configured)
    return .object(object)
  }
}

extension JSONObject {
  fileprivate init(trigger value: JSONValue, pointer: String) throws {
    guard let object = value.objectValue else {
      throw RoostError(.validationFailed, "A trigger is an object.", fields: [FieldError(pointer, "expected an object")])
    }
    self = object
  }
}
