import Core
import JSON

/// An answer to a worker's HTTP request.
struct LoopbackAnswer {
  let status: Int
  var headers: [(name: String, value: String)] = []
  var body: [UInt8] = []

  static func json(_ status: Int, _ value: JSONValue) -> LoopbackAnswer {
    LoopbackAnswer(status: status, headers: [("content-type", "application/json")], body: Array(value.text.utf8))
  }

  /// The API's own form of an error (RFC 9457).
  static func problem(_ status: Int, _ code: ErrorCode, _ detail: String) -> LoopbackAnswer {
    LoopbackAnswer(
      status: status, headers: [("content-type", "application/problem+json")] + (status == 429 ? [("retry-after", "1")] : []),
      body: Array((["status": .int(Int64(status)), "code": .string(code.rawValue), "detail": .string(detail)] as JSONValue).text.utf8))
  }

  static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  /// Of this connection alone (RFC 9110, 7.6.1), or written here.
  private static let ownHeaders: Set<String> = [
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
  ]

  /// As it goes over the wire.
  func bytes(isHead: Bool, keepsAlive: Bool) -> [UInt8] {
    var text = "HTTP/1.1 \(status) \(Self.reason(status))\r\n"
    for (name, value) in headers where !Self.ownHeaders.contains(name.lowercased()) {
      // A header that would end its line early would be another header.
      guard !(name + value).utf8.contains(where: { $0 < 32 && $0 != UInt8(ascii: "\t") }) else { continue }
      text += "\(name): \(value)\r\n"
    }
    let hasBody = status >= 200 && status != 204 && status != 304
    if hasBody { text += "content-length: \(body.count)\r\n" }
    if !keepsAlive { text += "connection: close\r\n" }
    text += "\r\n"
    return Array(text.utf8) + (hasBody && !isHead ? body : [])
  }

  private static func reason(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 409: "Conflict"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 429: "Too Many Requests"
    case 500: "Internal Server Error"
    default: "Status"
    }
  }
}
