/// An answer that is sent piece by piece, by one writer. Without `finish` it is cut off when the request's task ends.
package final class HTTPResponseStream: Sendable {
  private let exchange: HTTPExchange

  init(exchange: HTTPExchange) {
    self.exchange = exchange
  }

  /// Sends a piece; returns when the connection can take more. Throws `HTTPResponseError` when the client is gone or more
  /// is written than was announced, `CancellationError` when the task is cancelled while it waits.
  package func write(_ bytes: [UInt8]) async throws {
    let exchange = exchange
    let mark = CancellationMark()
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        exchange.hop {
          exchange.connection.writePiece(bytes, of: exchange) { continuation.resume(with: $0) }
          if mark.isSet { exchange.connection.cancelWriters(of: exchange) }
        }
      }
    } onCancel: {
      mark.set()
      exchange.hop { exchange.connection.cancelWriters(of: exchange) }
    }
  }

  /// Ends the answer. Throws `.wrongLength`, and closes the connection, if less was written than announced.
  package func finish() async throws {
    let exchange = exchange
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      exchange.hop { continuation.resume(with: exchange.connection.finishStream(of: exchange)) }
    }
  }

  /// Closes the connection, so that the client notices that the answer is not whole.
  package func abort() {
    exchange.hop { [exchange] in exchange.connection.abortStream(of: exchange) }
  }
}

extension HTTPExchange {
  /// Begins an answer of which more follows; without a length it is chunked. Throws `HTTPResponseError`.
  package func respondStream(
    status: Int, headers: HTTPHeaders, contentLength: Int? = nil
  ) async throws -> HTTPResponseStream {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      hop { [self] in
        continuation.resume(
          with: connection.beginStream(of: self, status: status, headers: headers, contentLength: contentLength))
      }
    }
    return HTTPResponseStream(exchange: self)
  }
}
