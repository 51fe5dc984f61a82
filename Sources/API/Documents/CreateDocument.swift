import Core
import HTTPServer

/// `POST /v1/documents/{collection}`: 201 with `Location` and `ETag`; 409 if the named id exists.
enum CreateDocument {
  static let route = Route.direct(.post, "/v1/documents/{collection}") { call, respond in
    try MediaType.requireJSON(call.headers["Content-Type"])
    let collection = try call.documentCollection()
    let body = try DocumentBody(call.body)
    let write = try call.access(to: collection).create(id: body.id, body: body)
    call.project.documents.write([write]) { result in
      respond(
        Result {
          guard let document = try result.get()[0].visible else { throw RoostError(.internal, "A create stored nothing.") }
          return created(document, in: collection)
        })
    }
  }

  static func created(_ document: DocumentRecord, in collection: Collection) -> HTTPResponse {
    var response = HTTPResponse.document(document, status: 201)
    response.headers.add("Location", "/v1/documents/\(collection.name)/\(document.id)")
    return response
  }
}
