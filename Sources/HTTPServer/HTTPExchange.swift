import NIOCore

/// One request and its answer. May be used from any thread; what it does, it does on its connection's event loop.
package final class HTTPExchange: @unchecked Sendable {
  package let request: HTTPRequest

  init(request: HTTPRequest) {
    self.request = request
  }

  /// Reads the whole body and calls back on the loop: at once if it is all there. More than `max` bytes is `.tooLarge`.
  package func collectBody(max: Int, then: @escaping @Sendable (Result<[UInt8], HTTPBodyError>) -> Void) {}

  /// Answers. On the loop it costs no task and no hop; from elsewhere it hops. A second answer is ignored and logged.
  package func respond(_ response: HTTPResponse) {}

  /// The body as it arrives. The connection is not read while nobody takes a chunk. Can be read once. Throws HTTPBodyError.
  package var body: HTTPRequestBody { HTTPRequestBody(exchange: self) }

  /// Begins an answer of which more follows; without a length it is chunked.
  package func respondStream(status: Int, headers: HTTPHeaders, contentLength: Int? = nil) async throws -> HTTPResponseStream {
    HTTPResponseStream(exchange: self)
  }

  /// Answers with `length` bytes of an open file from `offset`, by sendfile; closes the descriptor in every case.
  package func respondFile(status: Int, headers: HTTPHeaders, fileDescriptor: Int32, offset: Int, length: Int) async throws {}

  /// The same for the file at `path`, which is opened for reading.
  package func respondFile(status: Int, headers: HTTPHeaders, path: String, offset: Int, length: Int) async throws {}

  /// Runs async work for this request: cancelled when the connection closes; the server's drain waits for it. If it
  /// ends without an answer, the server answers 500; a stream that it left open is cut off.
  package func task(_ operation: @escaping @Sendable () async -> Void) {}

  /// Runs `work` on this exchange's event loop, at once if already there.
  package func hop(_ work: @escaping @Sendable () -> Void) {}

  /// Runs `work` on this loop once everything that this tick brought has been handled. Only from the loop.
  package func atEndOfTick(_ work: @escaping @Sendable () -> Void) {}
}
