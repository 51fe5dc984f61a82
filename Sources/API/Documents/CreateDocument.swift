import Core
import HTTPServer

/// `POST /v1/documents/{collection}`: 201 with `Location` and `ETag`; 409 if the named id exists.
enum CreateDocument {
  static let route = Route.direct(.post, "/v1/documents/{collection}") { call, respond in
    try MediaType.requireJSON(call.headers["Content-Type"])
    let collection = try call.documentCollection()
    let body = try DocumentBody(call.body)
    let write = try call.access(to: collection).create(id: body.id, body: body)
    let preference = ReturnPreference(call.headers)
    try call.write([write], repeatableAs: "documents/\(collection.name)", respond) { outcomes in
      guard let document = outcomes[0].visible else { throw RoostError(.internal, "A create stored nothing.") }
      return created(document, in: collection, preference)
    }
  }

  static func created(_ document: DocumentRecord, in collection: Collection, _ preference: ReturnPreference?) -> HTTPResponse {
    var response = HTTPResponse.document(document, status: 201, preference)
    response.headers.add("Location", "/v1/documents/\(collection.name)/\(document.id)")
    return response
  }
}
