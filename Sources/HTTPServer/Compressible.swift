/// An answer that is worth compressing.
struct Compressible: Sendable {
  /// Up to here compressing takes about a millisecond, and the loop does it itself; beyond, a thread does.
  static let onLoopBytesMax = 64 * 1024
  /// zlib counts in 32 bits.
  static let bytesMax = 1 << 30
  static let varyLine = Array("Vary: Accept-Encoding\r\n".utf8)

  /// Whether the caller takes it.
  let isWanted: Bool
  private let response: HTTPResponse

  /// Nil when the answer is small, partial, coded already, for HEAD, or of a type that is compressed in itself.
  init?(_ response: HTTPResponse, to exchange: HTTPExchange, configuration: HTTPServerConfiguration) {
    guard response.body.count >= configuration.gzipBytesMin, response.body.count < Self.bytesMax else { return nil }
    guard response.status != 206, !StatusLine.hasNoBody(response.status), exchange.request.method != .head else { return nil }
    guard !response.headers.contains("Content-Encoding"), !response.headers.contains("Content-Range") else { return nil }
    guard let type = response.headers["Content-Type"], Self.isCompressible(type) else { return nil }
    isWanted = AcceptEncoding.prefersGzip(exchange.request.headers.all("Accept-Encoding"))
    self.response = response
  }

  /// The ETag stays as it is: it names the resource's version, which `If-Match` needs, and no part of a compressed
  /// answer is ever served alone.
  func compressed() -> HTTPResponse {
    guard let body = Gzip.compress(response.body), body.count < response.body.count else { return response }
    var compressed = response
    compressed.body = body
    compressed.headers["Content-Encoding"] = "gzip"
    return compressed
  }

  static func isCompressible(_ contentType: String) -> Bool {
    let end = contentType.firstIndex(of: ";") ?? contentType.endIndex
    let type = contentType[..<end].trimmingSpaces().lowercased()
    return type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml")
      || ["application/json", "application/javascript", "application/xml", "application/wasm"].contains(type)
  }
}

extension Substring {
  func trimmingSpaces() -> Substring {
    var text = self
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return text
  }
}
