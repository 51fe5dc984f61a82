import Core
import HTTPServer

/// How the documents of an import or export are written down.
enum BulkFormat: String, CaseIterable {
  /// A JSON object a line (github.com/ndjson/ndjson-spec, jsonlines.org).
  case ndjson
  /// RFC 4180.
  case csv

  var contentType: String {
    switch self {
    case .ndjson: "application/x-ndjson"
    case .csv: "text/csv; charset=utf-8; header=present"
    }
  }

  private init?(essence: Substring) {
    switch essence {
    case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines": self = .ndjson
    case "text/csv": self = .csv
    default: return nil
    }
  }

  /// `?format=` goes before the header, so that a link and a plain `curl` can name it.
  static func named(_ text: String?) throws -> BulkFormat? {
    guard let text else { return nil }
    guard let format = BulkFormat(rawValue: text) else {
      throw RoostError(.badRequest, "`format` is '\(text.prefix(20))'; expected ndjson or csv.")
    }
    return format
  }

  /// What the body is. Throws `unsupported_media_type`.
  static func ofBody(_ headers: HTTPHeaders, named: BulkFormat?) throws -> BulkFormat {
    if let coding = headers["Content-Encoding"], coding.lowercased() != "identity" {
      throw refusal("The body is sent as '\(coding.prefix(40))'; expected it uncompressed.")
    }
    if let named { return named }
    guard let type = headers["Content-Type"] else { throw refusal("The body has no Content-Type; expected application/x-ndjson or text/csv.") }
    guard let format = MediaType.essence(type).flatMap({ BulkFormat(essence: $0[...]) }) else {
      throw refusal("The body has the type '\(type.prefix(80))'; expected application/x-ndjson or text/csv, or say `?format=`.")
    }
    guard format == .ndjson || !type.lowercased().contains("header=absent") else {
      throw refusal("A CSV without a header row does not say which fields its columns are; expected header=present.")
    }
    return format
  }

  private static func refusal(_ message: String) -> Refusal {
    Refusal(error: RoostError(.unsupportedMediaType, message), headers: ["Accept-Post": "application/x-ndjson, text/csv"])
  }

  /// What the caller wants: NDJSON unless they like CSV better (RFC 9110, section 12.5.1). Nobody is refused for what else they accept.
  static func wanted(_ headers: HTTPHeaders, named: BulkFormat?) -> BulkFormat {
    if let named { return named }
    var best: (format: BulkFormat, quality: Double) = (.ndjson, 0)
    for range in headers.all("Accept").joined(separator: ",").lowercased().split(separator: ",").prefix(50) {
      let parts = range.filter { $0 != " " && $0 != "\t" }.split(separator: ";")
      guard let essence = parts.first, let format = BulkFormat(essence: essence) else { continue }
      let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
      if quality > best.quality { best = (format, quality) }
    }
    return best.format
  }
}
