import Core
import HTTPServer
import JSON

/// `PATCH /v1/documents/{collection}/{id}`: a merge patch (RFC 7396).
enum PatchDocument {
  static let route = Route.direct(.patch, "/v1/documents/{collection}/{id}") { call, respond in
    let collection = try call.documentCollection()
    let patch = try mergePatch(call)
    let write = try call.access(to: collection).patch(
      id: call.parameters[1], condition: EntityTags.versionCondition(call.headers), change: { try apply(patch, to: $0) })
    call.project.documents.write([write]) { result in
      respond(
        Result {
          let outcome = try result.get()[0]
          guard let document = outcome.after else { throw RoostError(.internal, "A patch stored nothing.") }
          // Who may change but not see it learns no more than that it was done.
          guard let visible = outcome.visible else { return HTTPResponse(status: 204, headers: ["ETag": document.entityTag]) }
          return .document(visible)
        })
    }
  }

  static func apply(_ patch: [UInt8], to body: [UInt8]) throws -> [UInt8] {
    do {
      return try JSONText.compact(JSONText.mergePatch(patch, onto: body))
    } catch {
      throw RoostError(.invalidJSON, "The merge patch does not fit: \(error.message)")
    }
  }

  private static func mergePatch(_ call: Call) throws -> [UInt8] {
    switch MediaType.essence(call.headers["Content-Type"]) {
    case nil, "application/json", "application/merge-patch+json": break
    case "application/json-patch+json": throw RoostError(.notImplemented, "JSON Patch (RFC 6902) is not built yet; send a merge patch.")
    case let other?:
      throw Refusal(
        error: RoostError(.unsupportedMediaType, "The body has the type '\(other.prefix(80))'; expected application/merge-patch+json."),
        headers: ["Accept-Patch": "application/merge-patch+json, application/json"])
    }
    let patch = try DocumentBody(call.body).bytes
    var hasOperator = false
    JSONText.forEachMember(of: patch) { name, _ in hasOperator = hasOperator || name.hasPrefix("$") }
    if hasOperator { throw RoostError(.notImplemented, "Update operators such as `$inc` are not built yet; send a merge patch.") }
    return patch
  }
}
