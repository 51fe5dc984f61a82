import Core
import HTTPServer

/// `PUT /v1/documents/{collection}/{id}`: creates (201) or replaces (200).
enum PutDocument {
  static let route = Route.direct(.put, "/v1/documents/{collection}/{id}") { call, respond in
    try MediaType.requireJSON(call.headers["Content-Type"])
    let collection = try call.documentCollection()
    let body = try DocumentBody(call.body)
    let write = try call.access(to: collection).put(
      id: call.parameters[1], body: body, condition: EntityTags.versionCondition(call.headers))
    let preference = ReturnPreference(call.headers)
    try call.write([write], repeatableAs: nil, respond) { outcomes in
      guard let document = outcomes[0].visible else { throw RoostError(.internal, "A put stored nothing.") }
      return outcomes[0].before == nil ? CreateDocument.created(document, in: collection, preference) : .document(document, preference)
    }
  }
}
