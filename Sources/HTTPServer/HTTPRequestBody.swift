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
      nil
    }
  }
}
