/// What answers requests.
package protocol HTTPHandler: Sendable {
  /// Called on the connection's event loop as soon as the request's head is there. Must not block: what waits goes
  /// into `exchange.task` or another thread. Each exchange must be answered exactly once, now or later.
  func handle(_ exchange: HTTPExchange)

  /// Called on the connection's event loop when an answer was given to its last byte or broke off: it must only count.
  func answered(_ request: HTTPRequest, status: Int, nanoseconds: Int64)
}

extension HTTPHandler {
  package func answered(_ request: HTTPRequest, status: Int, nanoseconds: Int64) {}
}
