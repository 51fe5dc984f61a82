import APIDescription
import HTTPServer

/// `GET /v1/openapi.json`: the full reference (OpenAPI 3.1), as it stands in docs/api/openapi.json.
enum OpenAPI {
  static let route = Route.open(.get, "/v1/openapi.json") { _ in
    .json(200, document)
  }

  static let document = [UInt8](UnsafeRawBufferPointer(start: roost_openapi_document(), count: roost_openapi_document_count()))
}
