/// A small answer whose body is complete. The server adds `Date`, `Content-Length`, `X-Request-Id`, the CORS fields,
/// `Connection` and, for large text, the compression; a field with CR, LF or NUL in it makes the answer a 500.
package struct HTTPResponse: Sendable {
  package var status: Int
  package var headers: HTTPHeaders
  package var body: [UInt8]

  package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}
