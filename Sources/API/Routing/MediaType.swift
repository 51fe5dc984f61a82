import Core
import HTTPServer

/// A Content-Type without its parameters.
enum MediaType {
  static func essence(_ header: String?) -> String? {
    header.map { String($0.prefix { $0 != ";" }).lowercased().filter { $0 != " " && $0 != "\t" } }
  }

  /// No Content-Type is taken as JSON. Throws `unsupported_media_type`.
  static func requireJSON(_ header: String?) throws {
    if header == "application/json" { return }
    guard let essence = essence(header), essence != "application/json" else { return }
    throw Refusal(
      error: RoostError(.unsupportedMediaType, "The body has the type '\(essence.prefix(80))'; expected application/json."),
      headers: ["Accept-Post": "application/json"])
  }
}
