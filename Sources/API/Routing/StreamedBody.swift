import Core
import HTTPServer

/// An answer that is made while it is sent. What can be refused has been refused before there is one.
struct StreamedBody: Sendable {
  let headers: HTTPHeaders
  /// Calls `write` with each piece, which returns when more may come. Whatever it throws breaks the answer off.
  let body: @Sendable (_ write: (_ piece: [UInt8]) async throws -> Void) async throws -> Void
}

extension StreamedBody {
  func send(to exchange: HTTPExchange) async throws {
    // Its headers without its body (RFC 9110, section 9.3.2): nothing need be read.
    guard exchange.request.method != .head else { return exchange.respond(HTTPResponse(status: 200, headers: headers)) }
    let stream = try await exchange.respondStream(status: 200, headers: headers)
    do {
      try await body { try await stream.write($0) }
      try await stream.finish()
    } catch {
      // Never a clean end: the client must see that the answer is not whole.
      stream.abort()
      throw error
    }
  }

  /// The whole at once, for a function inside the server.
  func collected(bytesMax: Int) async throws -> HTTPResponse {
    var bytes: [UInt8] = []
    try await body { piece in
      guard bytes.count + piece.count <= bytesMax else {
        throw RoostError(.payloadTooLarge, "The answer has more than \(bytesMax) bytes, which is what a function can take at once.")
      }
      bytes.append(contentsOf: piece)
    }
    return HTTPResponse(status: 200, headers: headers, body: bytes)
  }
}
