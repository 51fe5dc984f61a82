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
    call.project.documents.write([write]) { result in
      respond(
        Result {
          let outcome = try result.get()[0]
          guard let document = outcome.visible else { throw RoostError(.internal, "A put stored nothing.") }
          return outcome.before == nil ? CreateDocument.created(document, in: collection) : .document(document)
        })
    }
  }
}
