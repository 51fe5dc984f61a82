import Core
import HTTPServer
import JSON

/// What a deploy sends: a manifest with the source in it, or an archive with a manifest beside or inside it.
struct FunctionBody {
  var manifest: JSONValue?
  var archive: [UInt8]?

  static func isJSON(_ call: Call) -> Bool {
    let type = MediaType.essence(call.headers["Content-Type"])
    return type == nil || type == "application/json"
  }

  /// Throws what a body can be refused for.
  static func read(_ call: Call, _ chunks: BodyChunks) async throws -> FunctionBody {
    switch MediaType.essence(call.headers["Content-Type"]) {
    case nil, "application/json":
      return FunctionBody(manifest: try json(try await collected(chunks, bytesMax: Limits.jsonBodyBytesMax)[...]))
    case "application/zip", "application/x-zip-compressed", "application/gzip", "application/x-gzip":
      return FunctionBody(archive: try await collected(chunks, bytesMax: Limits.functionArchiveBytesMax))
    case "multipart/form-data":
      let body = try await collected(chunks, bytesMax: Limits.functionArchiveBytesMax + Limits.functionManifestBytesMax)
      return try form(MultipartForm(body, contentType: call.headers["Content-Type"] ?? ""))
    case let type?:
      throw Refusal(
        error: RoostError(
          .unsupportedMediaType,
          "The body has the type '\(type.prefix(80))'; expected application/json, application/zip, application/gzip or multipart/form-data."),
        headers: ["Accept": "application/json, application/zip, application/gzip, multipart/form-data"])
    }
  }

  private static func form(_ form: MultipartForm) throws -> FunctionBody {
    for part in form.parts where part.name != "manifest" && part.name != "archive" {
      throw RoostError(.badRequest, "A deploy has no part '\(part.name.prefix(64))'. Known: manifest, archive.")
    }
    guard let archive = form["archive"] else { throw RoostError(.badRequest, "The form has no part `archive`: curl -F archive=@function.zip.") }
    guard archive.count <= Limits.functionArchiveBytesMax else { throw tooLarge(Limits.functionArchiveBytesMax) }
    return FunctionBody(manifest: try form["manifest"].map { try json($0) }, archive: Array(archive))
  }

  /// A manifest. Throws `invalid_json`.
  static func json(_ bytes: ArraySlice<UInt8>) throws -> JSONValue {
    do {
      let value = try JSONValue(parsing: Array(bytes), depthMax: Limits.jsonDepthMax)
      guard value.objectValue != nil else { throw RoostError(.invalidJSON, "The manifest is JSON, but not an object.") }
      return value
    } catch let error as JSONError {
      throw RoostError(.invalidJSON, "The manifest is not valid JSON: \(error.message) (line \(error.line), column \(error.column)).")
    }
  }

  private static func collected(_ chunks: BodyChunks, bytesMax: Int) async throws -> [UInt8] {
    if let length = chunks.length, length > bytesMax { throw tooLarge(bytesMax) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(chunks.length ?? 0)
    try await chunks.forEach { chunk in
      guard bytes.count + chunk.count <= bytesMax else { throw tooLarge(bytesMax) }
      bytes.append(contentsOf: chunk)
    }
    return bytes
  }

  private static func tooLarge(_ bytesMax: Int) -> RoostError { Problem.error(of: .tooLarge, bytesMax: bytesMax) }
}
