import Core
import HTTPServer

/// `PATCH /v1/documents/{collection}/{id}`: a merge patch (RFC 7396), a JSON Patch (RFC 6902), or update operators such as `$inc`.
enum PatchDocument {
  static let route = Route.direct(.patch, "/v1/documents/{collection}/{id}") { call, respond in
    let collection = try call.documentCollection()
    let id = call.parameters[1]
    let write = try call.access(to: collection).patch(id: id, condition: EntityTags.versionCondition(call.headers), patch(call))
    let preference = ReturnPreference(call.headers)
    // Some patches do something else when they are repeated.
    try call.write([write], repeatableAs: "documents/\(collection.name)/\(id)", respond) { outcomes in
      guard let document = outcomes[0].after else { throw RoostError(.internal, "A patch stored nothing.") }
      // Who may change but not see it learns no more than that it was done.
      guard let visible = outcomes[0].visible else {
        return HTTPResponse(status: 204, headers: ["ETag": document.entityTag]).applying(preference)
      }
      return .document(visible, preference)
    }
  }

  /// RFC 5789, section 2: the media type says what kind of patch it is.
  private static func patch(_ call: Call) throws -> DocumentPatch {
    switch MediaType.essence(call.headers["Content-Type"]) {
    case nil, "application/json", "application/merge-patch+json": return try DocumentPatch(object: call.body)
    case "application/json-patch+json": return try DocumentPatch(list: call.body)
    case let other?:
      throw Refusal(
        error: RoostError(
          .unsupportedMediaType,
          "The body has the type '\(other.prefix(80))'; expected application/merge-patch+json, application/json-patch+json or application/json."),
        headers: ["Accept-Patch": "application/merge-patch+json, application/json-patch+json, application/json"])
    }
  }
}
