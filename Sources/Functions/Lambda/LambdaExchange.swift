import Core
import JSON

/// One worker's side of AWS's custom-runtime interface (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), without any I/O: which
/// request is answered how, and what it means. Connections are named by their numbers.
struct LambdaExchange {
  static let prefix = "/2018-06-01/runtime/"

  enum State: Equatable {
    /// The runtime is loading the function.
    case initializing
    /// Asked for the next event, on that connection.
    case waiting(UInt32)
    /// Whoever asked has hung up.
    case absent
    case running(id: String)
    /// Has answered, and not asked again.
    case answered
    case broken
  }

  /// What a request means.
  enum News: Equatable {
    /// Asks for the next event.
    case free
    /// The invocation is over.
    case returned([UInt8])
    case failed(String)
    /// Asks for the next event without having answered the last one.
    case abandoned
    /// The function could not be loaded.
    case refused(String)
  }

  /// An event on its way to the function.
  struct Event {
    let id: String
    let body: [UInt8]
    let deadline: Timestamp
    let function: String
    /// What the client context tells besides: the attempt's number.
    let attempt: Int
    let trace: String
  }

  private(set) var state = State.initializing
  /// The last invocation that is over: its answer may come late.
  private var last: String?

  /// What to answer now, on the request's own connection (`nil`: later), and what it means. `superseded` is a connection that asked for an event
  /// before and will not get it.
  mutating func take(_ request: LoopbackRequest, on connection: UInt32) -> (answer: LoopbackAnswer?, news: News?, superseded: UInt32?) {
    let parts = request.target.dropFirst(Self.prefix.count).prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false)
    switch (request.method, parts.count, parts.first) {
    case ("GET", 2, "invocation") where parts[1] == "next": return next(connection)
    case ("POST", 2, "init") where parts[1] == "error":
      guard state == .initializing else { return (Self.wrongState, nil, nil) }
      state = .broken
      return (Self.accepted, .refused(LambdaFailure.text(request)), nil)
    case ("POST", 3, "invocation") where parts[2] == "response":
      return end(String(parts[1]), request.isTooLarge ? .failed(Self.tooLarge) : .returned(request.body))
    case ("POST", 3, "invocation") where parts[2] == "error": return end(String(parts[1]), .failed(LambdaFailure.text(request)))
    default: return (Self.error(404, "NotFound", "The runtime interface has no \(request.method) \(request.target.prefix(200))."), nil, nil)
    }
  }

  private mutating func next(_ connection: UInt32) -> (answer: LoopbackAnswer?, news: News?, superseded: UInt32?) {
    let before = state
    state = .waiting(connection)
    switch before {
    case .initializing, .answered, .absent: return (nil, .free, nil)
    case .waiting(let other): return (nil, nil, other == connection ? nil : other)
    case .running(let id):
      last = id
      return (nil, .abandoned, nil)
    case .broken:
      state = .broken
      return (Self.wrongState, nil, nil)
    }
  }

  private mutating func end(_ id: String, _ news: News) -> (answer: LoopbackAnswer?, news: News?, superseded: UInt32?) {
    guard case .running(id) = state else {
      // A late answer is nothing that a runtime should die of.
      return (id == last ? Self.accepted : Self.error(400, "InvalidRequestID", "No invocation of that id is under way."), nil, nil)
    }
    last = id
    state = .answered
    return (Self.accepted, news, nil)
  }

  /// Gives the event to whoever waits. `nil` if nobody does.
  mutating func invoke(_ event: Event) -> (connection: UInt32, answer: LoopbackAnswer)? {
    guard case .waiting(let connection) = state else { return nil }
    state = .running(id: event.id)
    let context: JSONValue = ["client": [:], "env": [:], "custom": ["attempt": .int(Int64(event.attempt))]]
    return (
      connection,
      LoopbackAnswer(
        status: 200,
        headers: [
          ("content-type", "application/json"), ("Lambda-Runtime-Aws-Request-Id", event.id),
          ("Lambda-Runtime-Deadline-Ms", String(event.deadline.milliseconds)),
          ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:local:000000000000:function:" + event.function),
          ("Lambda-Runtime-Trace-Id", event.trace), ("Lambda-Runtime-Client-Context", context.text),
        ], body: event.body)
    )
  }

  /// Whether somebody waits for an event.
  var isWaiting: Bool { if case .waiting = state { true } else { false } }

  mutating func closed(_ connection: UInt32) {
    if state == .waiting(connection) { state = .absent }
  }

  /// AWS's own words.
  private static let tooLarge =
    "Function.ResponseSizeTooLarge: Response payload size exceeded maximum allowed payload size (\(LoopbackLimits.bodyBytesMax) bytes)."
  static let accepted = LoopbackAnswer.json(202, ["status": "OK"])
  static let wrongState = error(403, "InvalidStateTransition", "The runtime interface does not expect that now.")

  static func error(_ status: Int, _ type: String, _ message: String) -> LoopbackAnswer {
    .json(status, ["errorMessage": .string(message), "errorType": .string(type)])
  }
}
