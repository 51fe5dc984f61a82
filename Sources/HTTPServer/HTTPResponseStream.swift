/// An answer that is sent piece by piece.
package final class HTTPResponseStream: Sendable {
  let exchange: HTTPExchange

  init(exchange: HTTPExchange) {
    self.exchange = exchange
  }

  /// Sends a piece; returns when the connection can take more. Throws `HTTPResponseError` when the client is gone.
  package func write(_ bytes: [UInt8]) async throws {}

  /// Ends the answer. Throws `.wrongLength` if less was written than announced.
  package func finish() async throws {}

  /// Closes the connection, so that the client notices that the answer is not whole.
  package func abort() {}
}
