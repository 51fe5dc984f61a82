import Core
import HTTPServer

/// `DELETE /v1/documents/{collection}/{id}`: 204. `?purge=true` leaves nothing of its history either.
enum DeleteDocument {
  static let route = Route.direct(.delete, "/v1/documents/{collection}/{id}") { call, respond in
    let collection = try call.documentCollection()
    let (access, id, condition) = (call.access(to: collection), call.parameters[1], try EntityTags.versionCondition(call.headers))
    let purges = call.query.isEmpty ? false : try QueryParameters.flag(call.query.only(["purge"])["purge"], "purge")
    let write = try purges ? access.purge(id: id, condition: condition) : access.delete(id: id, condition: condition)
    call.project.documents.write([write]) { result in respond(result.map { _ in .noContent }) }
  }
}
