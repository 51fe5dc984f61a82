import Core
import HTTPServer

/// `DELETE /v1/documents/{collection}/{id}`: 204.
enum DeleteDocument {
  static let route = Route.direct(.delete, "/v1/documents/{collection}/{id}") { call, respond in
    let collection = try call.documentCollection()
    let write = try call.access(to: collection).delete(id: call.parameters[1], condition: EntityTags.versionCondition(call.headers))
    call.project.documents.write([write]) { result in respond(result.map { _ in .noContent }) }
  }
}
