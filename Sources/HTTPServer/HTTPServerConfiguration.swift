/// Everything the server can be told, with its defaults. Each limit protects memory, descriptors or time from a hostile peer.
package struct HTTPServerConfiguration: Sendable {
  package var host = "127.0.0.1"
  /// 0 takes any free port.
  package var port = 0
  /// Event loops; nil: one a core, less one for everything else, at least one.
  package var loops: Int?
  /// Accepted connections that the kernel may hold before the server takes them.
  package var backlog = 1024

  /// Request line and header fields together. 16 KiB carries any sane cookie and token.
  package var headBytesMax = 16 * 1024
  /// The request target alone, beyond which the answer is 414.
  package var targetBytesMax = 8 * 1024
  /// Header fields in a head.
  package var headerFieldsMax = 100
  /// Open connections; one more is answered 503 and closed. Room for the open live queries and for everybody else.
  package var connectionsMax = 30_000
  /// What is read and thrown away of a body that the answer did not want, to keep the connection for the next request.
  package var unreadBodyBytesMax = 64 * 1024
  /// Requests that may wait on one connection behind the one that runs.
  package var pipelinedRequestsMax = 256

  /// From the first byte of a head (or the opening of the connection) to its end.
  package var headTimeout: Duration = .seconds(10)
  /// The longest silence within a body that somebody is reading.
  package var bodyIdleTimeout: Duration = .seconds(30)
  /// The longest time that a body may take which is collected whole.
  package var bodyTimeout: Duration = .seconds(60)
  /// The longest silence between two requests of a connection.
  package var idleTimeout: Duration = .seconds(60)
  /// The longest time that a client may refuse to take any more of its answer.
  package var writeIdleTimeout: Duration = .seconds(60)
  /// How long running requests may go on after `drain`.
  package var drainTimeout: Duration = .seconds(30)
  /// How long a refused body is read and thrown away, so that the client can read why.
  package var lingerTimeout: Duration = .seconds(2)

  /// The smallest body that is compressed: what fits one packet gains nothing.
  package var gzipBytesMin = 1400
  /// One line a request. Never has a query, a header or a body in it.
  package var accessLog = true

  /// Web origins that may call; `*` is any, without credentials.
  package var allowedOrigins: [String] = ["*"]
  package var allowedMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
  /// Request fields that web pages may send besides the always allowed ones.
  package var allowedHeaders = [
    "Authorization", "Content-Type", "Accept", "If-Match", "If-None-Match", "If-Modified-Since", "If-Range", "Range",
    "Idempotency-Key", "X-Request-Id", "Traceparent", "Tracestate", "Last-Event-ID", "Prefer", "Content-Disposition",
  ]
  /// Answer fields that web pages may read besides the always allowed ones.
  package var exposedHeaders = [
    "ETag", "Location", "X-Request-Id", "RateLimit", "RateLimit-Policy", "Retry-After", "Content-Range", "Accept-Ranges",
    "Content-Disposition", "WWW-Authenticate", "Allow", "Link",
  ]
  /// How long a browser may remember a preflight's answer.
  package var preflightMaxAge: Duration = .seconds(7200)

  /// Builds the answer to an error that the server finds itself (400, 408, 413, 414, 417, 431, 500, 503, 505).
  package var problem: @Sendable (_ status: Int, _ code: String, _ detail: String, _ requestId: String) -> HTTPResponse = {
    ProblemResponse.make(status: $0, code: $1, detail: $2, requestId: $3)
  }

  package init() {}
}
