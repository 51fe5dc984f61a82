import CEL
import Core
import HTTPServer
import JSON

/// `POST /v1/rules/simulate` {collection, operation, auth, document, incoming, request, documents}: what the rules would say, and why.
enum SimulateRules {
  static let route = Route.admin(.post, "/v1/rules/simulate") { call in
    var reader = try ConfigurationReader(call.value(), of: "request")
    let name = try reader.required("collection", "a collection's name")
    let operation = RuleOperation(rawValue: try reader.required("operation", "read, create, update or delete"))
    guard let operation else {
      throw RoostError(
        .validationFailed, "There is no such operation.", fields: [FieldError("/operation", "expected one of read, create, update, delete")])
    }
    let auth = try reader.object("auth")
    let (document, incoming) = (try reader.object("document"), try reader.object("incoming"))
    let (request, documents) = (try reader.object("request") ?? [:], try reader.object("documents") ?? [:])
    try reader.refuseUnknown()

    let configuration = try CollectionConfiguration(name: name, value: call.project.collection(name).configuration)
    let verdict = try await call.project.documents.read { [now = call.now] reader in
      try RuleSimulation(
        collection: configuration, operation: operation, auth: auth.map(JSONValue.object) ?? .null, document: document, incoming: incoming,
        request: request, documents: documents, at: now, found: { try reader.document($1, in: $0) }
      ).verdict()
    }
    return .privateJSON(200, verdict.value)
  }
}

extension RuleVerdict {
  /// As the API answers it.
  var value: JSONValue {
    [
      "allowed": .bool(allowed), "rule": rule.map(JSONValue.string) ?? .null, "pointer": .string(pointer),
      "decidedBy": decidedBy.map(\.jsonValue) ?? .null, "hiddenFields": .array(hiddenFields.map(JSONValue.string)),
      "deniedFields": .array(deniedFields.map(JSONValue.string)),
    ]
  }
}

extension CELExplanation {
  fileprivate var jsonValue: JSONValue {
    var object: JSONObject = ["part": .string(part), "line": .int(Int64(line)), "column": .int(Int64(column))]
    if let partError { object["error"] = .string(partError.message) } else { object["value"] = partValue?.json ?? .null }
    // A name without a value is one that is not there.
    object["names"] = .object(JSONObject(names.map { ($0.name, $0.value.map { $0.json ?? .string("a \($0.typeName)") } ?? .null) }))
    return .object(object)
  }
}
