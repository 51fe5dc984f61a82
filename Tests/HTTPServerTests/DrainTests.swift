import HTTPServer
import Testing

@Suite("The server stops")
struct DrainTests {
  @Test("A drain closes what idles, lets what runs end, and takes nothing new")
  func drain() async throws {
    let started = Signal()
    let gate = Signal()
    try await withServer(
      configure: { $0.drainTimeout = .seconds(30) },
      handler: { exchange in
        guard exchange.request.path == "/slow" else { return exchange.respond(HTTPResponse(status: 200)) }
        exchange.task {
          started.give()
          await gate.wait()
          exchange.respond(HTTPResponse(status: 200, body: Array("done".utf8)))
        }
      }
    ) { server in
      let idle = try server.client()
      try await idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await idle.answer().status == 200)
      let busy = try server.client()
      try await busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
      await started.wait()

      server.server.drain()
      #expect(try await idle.rest().isEmpty)
      await waitUntil { (try? server.client()) == nil }
      gate.give()
      let answer = try await busy.answer()
      #expect(answer.text == "done")
      #expect(answer["Connection"] == "close")
      #expect(try await busy.rest().isEmpty)
    }
  }

  @Test("What does not end in time is cancelled and closed")
  func drainTimeout() async throws {
    let started = Signal()
    let cancelled = Signal()
    try await withServer(
      configure: { $0.drainTimeout = .milliseconds(50) },
      handler: { exchange in
        exchange.task {
          started.give()
          await withTaskCancellationHandler {
            await cancelled.wait()
          } onCancel: {
            cancelled.give()
          }
        }
      }
    ) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      await started.wait()
      server.server.drain()
      await cancelled.wait()
      #expect(try await client.rest().isEmpty)
    }
  }

  @Test("Cancelling run drains")
  func cancelled() async throws {
    var configuration = HTTPServerConfiguration()
    configuration.loops = 1
    configuration.accessLog = false
    let server = HTTPServer(configuration: configuration, handler: ClosureHandler(answer: echo), log: JSONLog())
    try await server.start()
    let run = Task { try await server.run() }
    run.cancel()
    try await run.value
  }

  @Test("A taken port is an error")
  func takenPort() async throws {
    try await withServer { server in
      var configuration = HTTPServerConfiguration()
      configuration.port = server.port
      configuration.accessLog = false
      let second = HTTPServer(configuration: configuration, handler: ClosureHandler(answer: echo), log: JSONLog())
      await #expect(throws: (any Error).self) { try await second.run() }
    }
  }
}
