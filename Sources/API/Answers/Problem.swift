import Core
import HTTPServer
import JSON

/// Errors as callers see them: problem documents (RFC 9457).
enum Problem {
  /// The one table from code to HTTP status.
  static func status(of code: ErrorCode) -> Int {
    switch code {
    case .badRequest, .invalidJSON, .lengthMismatch: 400
    case .unauthenticated, .tokenExpired, .tokenInvalid, .invalidCredentials: 401
    case .forbidden: 403
    case .notFound, .collectionNotFound, .bucketNotFound, .functionNotFound: 404
    case .methodNotAllowed: 405
    case .requestTimeout: 408
    case .alreadyExists, .conflict: 409
    case .cursorExpired: 410
    case .preconditionFailed: 412
    case .payloadTooLarge: 413
    case .unsupportedMediaType: 415
    case .rangeNotSatisfiable: 416
    case .validationFailed, .expressionInvalid, .evaluationError, .deployRefused, .writeRefused, .queryTooSlow, .resultTooLarge, .idempotencyKeyReused: 422
    case .tooManyRequests: 429
    case .internal: 500
    case .notImplemented: 501
    case .functionFailed: 502
    case .functionTimeout: 504
    case .overloaded, .unavailable, .indexBuilding: 503
    case .storageFull: 507
    }
  }

  private static func title(of status: Int) -> String {
    switch status {
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 416: "Range Not Satisfiable"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 507: "Insufficient Storage"
    default: "Internal Server Error"
    }
  }

  static func response(_ error: RoostError, requestID: String) -> HTTPResponse {
    var response = response(
      status: status(of: error.code), code: error.code.rawValue, detail: error.message, fields: error.fields, requestID: requestID)
    switch response.status {
    case 401: response.headers.set("WWW-Authenticate", challenge(error.code))
    case 429, 503:
      // Rounded up: a caller that waits this long must not come too early.
      let wait = error.retryAfter ?? .seconds(1)
      response.headers.set("Retry-After", String(max(1, (wait.milliseconds + 999) / 1000)))
    default: break
    }
    return response
  }

  static func response(status: Int, code: String, detail: String, fields: [FieldError] = [], requestID: String) -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("type")
    writer.string("about:blank")
    writer.key("title")
    writer.string(title(of: status))
    writer.key("status")
    writer.int(Int64(status))
    writer.key("detail")
    writer.string(detail)
    writer.key("code")
    writer.string(code)
    if !fields.isEmpty {
      writer.key("errors")
      writer.beginArray()
      for field in fields {
        writer.beginObject()
        writer.key("pointer")
        writer.string(field.pointer)
        writer.key("detail")
        writer.string(field.detail)
        writer.endObject()
      }
      writer.endArray()
    }
    writer.key("requestId")
    writer.string(requestID)
    writer.endObject()
    return HTTPResponse(
      status: status, headers: ["Content-Type": "application/problem+json", "Cache-Control": "no-store"], body: writer.bytes)
  }

  /// RFC 6750, section 3: a request without a token gets the bare challenge.
  private static func challenge(_ code: ErrorCode) -> String {
    switch code {
    case .tokenExpired: #"Bearer realm="roost", error="invalid_token", error_description="expired""#
    case .tokenInvalid: #"Bearer realm="roost", error="invalid_token""#
    default: #"Bearer realm="roost""#
    }
  }

  static func error(of error: HTTPBodyError, bytesMax: Int?) -> RoostError {
    switch error {
    case .tooLarge: RoostError(.payloadTooLarge, "The body is larger than \(bytesMax.map { "\($0) bytes" } ?? "allowed").")
    case .incomplete: RoostError(.lengthMismatch, "The body ended before its announced length.")
    case .timedOut: RoostError(.requestTimeout, "The body came too slowly.")
    case .malformed: RoostError(.badRequest, "The body's chunked framing is broken.")
    case .unavailable: RoostError(.badRequest, "The body could not be read.")
    }
  }
}

/// An error whose answer carries header fields of its own, such as `Content-Range` with 416.
struct Refusal: Error {
  let error: RoostError
  let headers: HTTPHeaders
}
