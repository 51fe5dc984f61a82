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

    let collection = try call.project.collection(name)
    let verdict = try await call.project.documents.read { [now = call.now] reader in
      try RuleSimulation(
        collection: collection, operation: operation, auth: auth.map(JSONValue.object) ?? .null, document: document, incoming: incoming,
        request: request, documents: documents, at: now, found: { try reader.document($1, in: $0) }
      ).verdict()
    }
    return .privateJSON(200, verdict.value)
  }
}
