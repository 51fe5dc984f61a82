import CEL
import JSON

extension RuleVerdict {
  /// As the API answers it.
  package var value: JSONValue {
    [
      "allowed": .bool(allowed), "rule": rule.map(JSONValue.string) ?? .null, "pointer": .string(pointer),
      "decidedBy": decidedBy.map(\.jsonValue) ?? .null, "hiddenFields": .array(hiddenFields.map(JSONValue.string)),
      "deniedFields": .array(deniedFields.map(JSONValue.string)),
    ]
  }
}

extension CELExplanation {
  /// As the API answers it, and the command line with `--json`.
  package var jsonValue: JSONValue {
    var object: JSONObject = ["part": .string(part), "line": .int(Int64(line)), "column": .int(Int64(column))]
    if let partError { object["error"] = .string(partError.message) } else { object["value"] = partValue?.json ?? .null }
    // A name without a value is one that is not there.
    object["names"] = .object(JSONObject(names.map { ($0.name, $0.value.map { $0.json ?? .string("a \($0.typeName)") } ?? .null) }))
    return .object(object)
  }
}
