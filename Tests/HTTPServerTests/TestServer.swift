import Glibc
import HTTPServer
import Synchronization

/// A server on a free port with a closure for a handler.
struct TestServer: Sendable {
  let server: HTTPServer
  let port: Int

  func client(receiveBuffer: Int32? = nil) throws -> RawClient {
    try RawClient(port: port, receiveBuffer: receiveBuffer)
  }
}

struct ClosureHandler: HTTPHandler {
  let answer: @Sendable (HTTPExchange) -> Void

  func handle(_ exchange: HTTPExchange) {
    answer(exchange)
  }
}

/// Runs `body` against a server, and drains it afterwards, which must end.
func withServer(
  log: JSONLog? = nil,
  configure: (inout HTTPServerConfiguration) -> Void = { _ in },
  handler: @escaping @Sendable (HTTPExchange) -> Void = echo,
  _ body: (TestServer) async throws -> Void
) async throws {
  var configuration = HTTPServerConfiguration()
  configuration.loops = 1
  configuration.accessLog = log != nil
  configuration.drainTimeout = .milliseconds(200)
  configure(&configuration)
  let quiet = open("/dev/null", O_WRONLY)
  defer { close(quiet) }
  let server = HTTPServer(
    configuration: configuration, handler: ClosureHandler(answer: handler), log: log ?? JSONLog(fileDescriptor: quiet))
  let port = try await server.start().port
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await server.run() }
    defer { server.drain() }
    try await body(TestServer(server: server, port: port))
  }
}

/// Answers with what came: method, target and body.
@Sendable func echo(_ exchange: HTTPExchange) {
  exchange.collectBody(max: 1 << 20) { result in
    switch result {
    case .success(let body):
      let opening = "\(exchange.request.method) \(exchange.request.target) "
      exchange.respond(HTTPResponse(status: 200, headers: ["Content-Type": "text/plain"], body: Array(opening.utf8) + body))
    case .failure(let error):
      exchange.respond(HTTPResponse(status: bodyErrorStatus(error), body: Array("\(error)".utf8)))
    }
  }
}

func bodyErrorStatus(_ error: HTTPBodyError) -> Int {
  switch error {
  case .tooLarge: 413
  case .timedOut: 408
  case .incomplete, .malformed: 400
  case .unavailable: 500
  }
}

/// Something that tasks wait for, and tests bring about.
final class Signal: Sendable {
  private struct State {
    var isGiven = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func give() {
    let waiters = state.withLock { state in
      state.isGiven = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isGiven = state.withLock { state in
        if !state.isGiven { state.waiters.append(continuation) }
        return state.isGiven
      }
      if isGiven { continuation.resume() }
    }
  }
}
