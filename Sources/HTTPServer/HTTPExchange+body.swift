import NIOCore

extension HTTPExchange {
  /// Reads the whole body and calls back on the loop: at once if it is all there. More than `max` bytes is `.tooLarge`;
  /// a client that goes away first, `.incomplete`; one that dawdles, `.timedOut`.
  package func collectBody(max: Int, then: @escaping @Sendable (Result<[UInt8], HTTPBodyError>) -> Void) {
    hop { [self] in
      guard !isLost else { return then(.failure(.incomplete)) }
      collectDeadline = ServerLoop.now() + loop.settings.bodyTimeout
      act(intake.collect(max: max, then: then))
      connection.bodyDemandChanged(self)
    }
  }

  /// The body as it arrives. The connection is not read while nobody takes a chunk. Can be read once. Throws HTTPBodyError.
  package var body: HTTPRequestBody { HTTPRequestBody(exchange: self) }

  func nextChunk(_ next: @escaping BodyIntake.Next) {
    act(intake.next(next))
    connection.bodyDemandChanged(self)
  }

  func cancelNextChunk() {
    act(intake.cancelNext())
    connection.bodyDemandChanged(self)
  }

  func act(_ action: BodyIntake.Action) {
    switch action {
    case .nothing: break
    case .collected(let then, let result): then(result)
    case .next(let next, let result): next(result)
    case .tooMuchToDiscard: connection.giveUpOnBody(self)
    }
  }
}

/// A request's body, chunk by chunk as it arrives. One reader; throws `HTTPBodyError`, or `CancellationError`.
package struct HTTPRequestBody: AsyncSequence, Sendable {
  package typealias Element = [UInt8]

  let exchange: HTTPExchange

  package func makeAsyncIterator() -> Iterator {
    Iterator(exchange: exchange)
  }

  package struct Iterator: AsyncIteratorProtocol {
    let exchange: HTTPExchange

    package mutating func next() async throws -> [UInt8]? {
      let exchange = exchange
      let mark = CancellationMark()
      return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<[UInt8]?, any Error>) in
          exchange.hop {
            exchange.nextChunk { continuation.resume(with: $0) }
            if mark.isSet { exchange.cancelNextChunk() }
          }
        }
      } onCancel: {
        mark.set()
        exchange.hop { exchange.cancelNextChunk() }
      }
    }
  }
}
