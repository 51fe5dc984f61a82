import Core
import Testing

@testable import Functions

/// AWS's runtime interface, without sockets.
@Suite struct LambdaExchangeTests {
  /// Reads as one line in an expectation.
  private final class Exchange {
    private var exchange = LambdaExchange()

    var isWaiting: Bool { exchange.isWaiting }
    var state: LambdaExchange.State { exchange.state }

    func take(_ request: LoopbackRequest, on connection: UInt32) -> (answer: LoopbackAnswer?, news: LambdaExchange.News?, superseded: UInt32?) {
      exchange.take(request, on: connection)
    }

    func invoke(_ event: LambdaExchange.Event) -> (connection: UInt32, answer: LoopbackAnswer)? { exchange.invoke(event) }

    func closed(_ connection: UInt32) { exchange.closed(connection) }
  }

  private static func request(_ method: String, _ path: String, _ body: String = "", isTooLarge: Bool = false, type: String? = nil) -> LoopbackRequest {
    LoopbackRequest(
      method: method, target: LambdaExchange.prefix + path, headers: type.map { [("lambda-runtime-function-error-type", $0)] } ?? [], body: Array(body.utf8),
      isTooLarge: isTooLarge, keepsAlive: true)
  }

  private static func event(_ id: String) -> LambdaExchange.Event {
    LambdaExchange.Event(id: id, body: Array("{}".utf8), deadline: Timestamp(milliseconds: 1234), function: "f", attempt: 3, trace: "Root=1")
  }

  private static let next = request("GET", "invocation/next")

  @Test func `An invocation goes from next to response`() throws {
    let exchange = Exchange()
    let (answer, news, _) = exchange.take(Self.next, on: 7)
    #expect(answer == nil && news == .free && exchange.isWaiting)
    let (connection, event) = try #require(exchange.invoke(Self.event("one")))
    #expect(connection == 7 && event.status == 200 && event.body == Array("{}".utf8))
    let headers = Dictionary(event.headers.map { ($0.name, $0.value) }) { $1 }
    #expect(
      headers["Lambda-Runtime-Aws-Request-Id"] == "one" && headers["Lambda-Runtime-Deadline-Ms"] == "1234" && headers["content-type"] == "application/json")
    #expect(headers["Lambda-Runtime-Invoked-Function-Arn"]?.hasSuffix(":f") == true && headers["Lambda-Runtime-Trace-Id"] == "Root=1")
    #expect(exchange.invoke(Self.event("two")) == nil)
    let (accepted, returned, _) = exchange.take(Self.request("POST", "invocation/one/response", "[1]"), on: 9)
    #expect(accepted?.status == 202 && returned == .returned(Array("[1]".utf8)) && !exchange.isWaiting)
    #expect(exchange.take(Self.next, on: 7).news == .free)
  }

  @Test func `A failure is told with its type, message and stack`() {
    for (body, type, text) in [
      (#"{"errorMessage":"no","errorType":"ValueError","stackTrace":["  File a\n    x\n","  File b\n"]}"#, nil, "ValueError: no\n  File a\n    x\n  File b"),
      (#"{"errorMessage":"no","errorType":"Error","trace":["Error: no","    at f"]}"#, nil, "Error: no\n    at f"),
      (#"{"errorMessage":"no"}"#, "Runtime.Bad", "Runtime.Bad: no"), ("plain", "T", "T: plain"), ("", "T", "T"),
      ("", nil, "The function failed and did not say why."), ("[]", nil, "[]"), ("{}", nil, "The function failed and did not say why."),
    ] as [(String, String?, String)] {
      let exchange = Exchange()
      _ = exchange.take(Self.next, on: 1)
      _ = exchange.invoke(Self.event("a"))
      let (answer, news, _) = exchange.take(Self.request("POST", "invocation/a/error", body, type: type), on: 1)
      #expect(answer?.status == 202 && news == .failed(text), "\(body)")
    }
  }

  @Test func `An answer that is too large fails the invocation, not the runtime`() {
    let exchange = Exchange()
    _ = exchange.take(Self.next, on: 1)
    _ = exchange.invoke(Self.event("a"))
    let (answer, news, _) = exchange.take(Self.request("POST", "invocation/a/response", isTooLarge: true), on: 1)
    let text = if case .failed(let text) = news { text } else { "" }
    #expect(answer?.status == 202 && text.contains("ResponseSizeTooLarge"))
  }

  @Test func `A wrong id changes nothing, and a late answer is taken and dropped`() {
    let exchange = Exchange()
    #expect(exchange.take(Self.request("POST", "invocation/x/response"), on: 1).answer?.status == 400)
    _ = exchange.take(Self.next, on: 1)
    _ = exchange.invoke(Self.event("a"))
    let (wrong, none, _) = exchange.take(Self.request("POST", "invocation/b/response", "1"), on: 2)
    #expect(wrong?.status == 400 && none == nil && exchange.state == .running(id: "a"))
    _ = exchange.take(Self.request("POST", "invocation/a/response", "1"), on: 2)
    let (late, again, _) = exchange.take(Self.request("POST", "invocation/a/response", "2"), on: 2)
    #expect(late?.status == 202 && again == nil)
  }

  @Test func `Asking twice leaves the newer one waiting`() {
    let exchange = Exchange()
    _ = exchange.take(Self.next, on: 1)
    let (answer, news, superseded) = exchange.take(Self.next, on: 2)
    #expect(answer == nil && news == nil && superseded == 1)
    #expect(exchange.invoke(Self.event("a"))?.connection == 2)
  }

  @Test func `Asking while an invocation runs abandons it`() {
    let exchange = Exchange()
    _ = exchange.take(Self.next, on: 1)
    _ = exchange.invoke(Self.event("a"))
    #expect(exchange.take(Self.next, on: 1).news == .abandoned)
    #expect(exchange.isWaiting)
    #expect(exchange.take(Self.request("POST", "invocation/a/response", "1"), on: 2).answer?.status == 202)
    #expect(exchange.isWaiting)
  }

  @Test func `Who hangs up while waiting gets nothing until he asks again`() {
    let exchange = Exchange()
    _ = exchange.take(Self.next, on: 1)
    exchange.closed(2)
    #expect(exchange.isWaiting)
    exchange.closed(1)
    #expect(!exchange.isWaiting && exchange.invoke(Self.event("a")) == nil)
    #expect(exchange.take(Self.next, on: 3).news == .free)
  }

  @Test func `A runtime that cannot load its function says so once`() {
    let exchange = Exchange()
    let (answer, news, _) = exchange.take(Self.request("POST", "init/error", #"{"errorMessage":"No module named 'x'","errorType":"ImportError"}"#), on: 1)
    #expect(answer?.status == 202 && news == .refused("ImportError: No module named 'x'"))
    #expect(exchange.take(Self.next, on: 1).answer?.status == 403)
    #expect(exchange.take(Self.request("POST", "init/error"), on: 1).answer?.status == 403)
  }

  @Test func `Paths that the interface does not have are not found`() {
    let exchange = Exchange()
    for (method, path) in [
      ("GET", ""), ("POST", "invocation/next"), ("GET", "invocation//response"), ("PUT", "invocation/a/response"), ("POST", "invocation/a"),
      ("POST", "invocation/a/b/response"), ("GET", "invocation/next/"), ("DELETE", "init/error"),
    ] {
      let (answer, news, _) = exchange.take(Self.request(method, path), on: 1)
      #expect(answer?.status == 404 && news == nil && exchange.state == .initializing, "\(method) \(path)")
    }
  }
}
