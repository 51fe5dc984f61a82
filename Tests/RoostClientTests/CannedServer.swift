import HTTPServer
import Synchronization

/// A real HTTP server on a port of its own that answers as a test says and remembers what it was asked.
final class CannedServer: HTTPHandler {
  struct Asked: Sendable {
    let method: String
    let target: String
    let headers: HTTPHeaders
    let body: [UInt8]
  }

  typealias Answer = @Sendable (Asked) -> HTTPResponse?

  private let asked = Mutex<[Asked]>([])
  private let answer: Answer

  private init(_ answer: @escaping Answer) {
    self.answer = answer
  }

  var requests: [Asked] { asked.withLock { $0 } }

  func handle(_ exchange: HTTPExchange) {
    let request = exchange.request
    exchange.collectBody(max: 64 << 20) { [self] result in
      guard case .success(let body) = result else { return }
      let asked = Asked(method: request.method.description, target: request.target, headers: request.headers, body: body)
      self.asked.withLock { $0.append(asked) }
      // nil: never answered.
      if let response = answer(asked) { exchange.respond(response) }
    }
  }

  /// Runs `body` with the server's address.
  static func with(_ answer: @escaping Answer, _ body: (_ server: CannedServer, _ address: String) async throws -> Void) async throws {
    let handler = CannedServer(answer)
    var configuration = HTTPServerConfiguration()
    configuration.loops = 1
    configuration.accessLog = false
    configuration.drainTimeout = .milliseconds(50)
    let server = HTTPServer(configuration: configuration, handler: handler, log: JSONLog())
    let (address, port) = try await server.start()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      do {
        try await body(handler, "http://\(address):\(port)")
      } catch {
        server.drain()
        throw error
      }
      server.drain()
      try await group.waitForAll()
    }
  }
}
