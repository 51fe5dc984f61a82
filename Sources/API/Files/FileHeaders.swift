import Core
import HTTPServer

/// What a file is sent with. Whatever a browser would run with our origin's rights is a download, and everything is fenced.
enum FileHeaders {
  /// Types that a browser shows without running anything. SVG, HTML and XML are not among them: they carry scripts.
  private static let shown: Set<String> = [
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon",
    "text/plain", "text/csv", "application/json", "application/pdf", "audio/mpeg", "audio/ogg", "audio/wav", "audio/webm", "audio/mp4",
    "audio/aac",
    "audio/flac", "video/mp4", "video/webm", "video/ogg", "video/quicktime", "font/woff", "font/woff2",
  ]

  static func make(for file: StoredFile, bucket: Bucket, asDownload: Bool) -> HTTPHeaders {
    let isShown = shown.contains(MediaType.essence(file.contentType) ?? "")
    var headers: HTTPHeaders = [
      "Content-Type": file.contentType, "ETag": file.entityTag, "Last-Modified": HTTPTime.text(file.updated), "Accept-Ranges": "bytes",
      "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      "Cross-Origin-Resource-Policy": "cross-origin",
    ]
    headers.set(
      "Cache-Control", bucket.configuration.cacheControl ?? (bucket.configuration.read.isPublic ? "public, no-cache" : "private, no-cache"))
    if asDownload || !isShown { headers.set("Content-Disposition", disposition(file.path)) }
    return headers
  }

  /// RFC 6266 with an RFC 8187 name: plain ASCII for old readers, then the true name.
  private static func disposition(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? "file"
    let ascii = String(
      decoding: name.utf8.map { $0 >= 32 && $0 < 127 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") ? $0 : UInt8(ascii: "_") },
      as: UTF8.self)
    var encoded = ""
    for byte in name.utf8 {
      let scalar = Character(UnicodeScalar(byte))
      if byte < 128, scalar.isLetter || scalar.isNumber || ".-_~".contains(scalar) {
        encoded.append(scalar)
      } else {
        encoded += "%" + hexadecimal([byte]).uppercased()
      }
    }
    return "attachment; filename=\"\(ascii)\"; filename*=UTF-8''\(encoded)"
  }
}
