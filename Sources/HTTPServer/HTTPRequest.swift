/// The head of one request, checked: what stands here has passed the server's rules for hosts, lengths and field values.
package struct HTTPRequest: Sendable {
  package let method: HTTPMethod
  /// The request target as it was sent.
  package let target: String
  /// The target's path, still percent-encoded, without the query; always begins with `/` (or is `*` for OPTIONS).
  package let path: String
  /// What follows the first `?`, still percent-encoded; nil when there is none.
  package let query: String?
  package let headers: HTTPHeaders
  /// The caller's `X-Request-Id` when it is 1 to 128 of `[A-Za-z0-9._-]`, otherwise one that the server made.
  package let requestId: String
  /// The peer's address without its port; empty when the transport has none.
  package let remoteAddress: String
  /// The index of the event loop that runs this request, from 0 to `loops - 1`.
  package let lane: Int
  /// The body's length as the caller said it; nil for a chunked body and for none.
  package let contentLength: Int?
  /// Whether a body follows (chunked, or a length above 0).
  package let hasBody: Bool
}
