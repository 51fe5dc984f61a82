/// An error that the server finds itself, before or beside any handler. The connection closes after its answer.
struct RequestRefusal: Error, Sendable, Equatable {
  let status: Int
  let code: String
  let detail: String

  static func badRequest(_ detail: String) -> RequestRefusal {
    RequestRefusal(status: 400, code: "bad_request", detail: detail)
  }

  static let headTimedOut = RequestRefusal(
    status: 408, code: "request_timeout", detail: "The request's head took too long to arrive.")
  static let targetTooLong = RequestRefusal(status: 414, code: "uri_too_long", detail: "The request target is too long.")
  static let unknownExpectation = RequestRefusal(
    status: 417, code: "bad_request", detail: "The only expectation that this server knows is 100-continue.")
  static let headTooLarge = RequestRefusal(
    status: 431, code: "headers_too_large", detail: "The request's head is too large.")
  static let wrongVersion = RequestRefusal(
    status: 505, code: "http_version_not_supported", detail: "This server speaks HTTP/1.1 and HTTP/1.0.")
  static let unknownTransferCoding = RequestRefusal(
    status: 501, code: "not_implemented", detail: "The only transfer coding that this server knows is chunked.")
  static let tunnel = RequestRefusal(status: 501, code: "not_implemented", detail: "This server is not a proxy.")
  static let tooManyConnections = RequestRefusal(
    status: 503, code: "overloaded", detail: "Too many connections are open. Try again later.")
  static let internalError = RequestRefusal(
    status: 500, code: "internal", detail: "Something went wrong on our side. The request id helps to find out what.")
}
