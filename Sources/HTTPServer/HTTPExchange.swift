import NIOCore

/// One request and its answer. May be used from any thread; what it does, it does on its connection's event loop.
///
/// `@unchecked Sendable` because what can change is touched only on that loop.
package final class HTTPExchange: @unchecked Sendable {
  /// How far the answer is.
  enum Answer {
    case none
    /// The answer is given, and being compressed.
    case compressing
    case streaming(StreamedAnswer)
    case file
    case pushing(PushedAnswer)
    case done
  }

  package let request: HTTPRequest
  let facts: RequestHeadFacts
  let loop: ServerLoop
  let connection: HTTPConnection
  let startedAt: Int64

  // Only on the loop.
  var intake: BodyIntake
  var answer = Answer.none
  var answeredStatus = 0
  var answeredBytes = 0
  var continueSent = false
  /// Whether the connection takes another request after this one; known once the answer begins.
  var persists = false
  /// When a body that is collected whole must be there.
  var collectDeadline = Int64.max
  var isLost = false
  var isAnsweredElsewhere = false
  var tasks: [Int: Task<Void, Never>] = [:]
  var nextTask = 0

  init(
    request: HTTPRequest, facts: RequestHeadFacts, loop: ServerLoop, connection: HTTPConnection, startedAt: Int64
  ) {
    self.request = request
    self.facts = facts
    self.loop = loop
    self.connection = connection
    self.startedAt = startedAt
    intake = BodyIntake(announced: facts.contentLength, isEmpty: !facts.hasBody)
  }

  /// Runs `work` on this exchange's event loop, at once if already there.
  package func hop(_ work: @escaping @Sendable () -> Void) {
    if loop.eventLoop.inEventLoop {
      work()
    } else {
      loop.eventLoop.execute(work)
    }
  }

  /// Runs `work` on this loop once everything that this tick brought has been handled.
  package func atEndOfTick(_ work: @escaping @Sendable () -> Void) {
    hop { [loop] in loop.atEndOfTick(work) }
  }

  /// Answers. On the loop it costs no task and no hop; from elsewhere it hops. An answer after the first, or after the
  /// client has gone, is dropped.
  package func respond(_ response: HTTPResponse) {
    if loop.eventLoop.inEventLoop {
      connection.respond(to: self, with: response)
    } else {
      loop.eventLoop.execute { [self] in connection.respond(to: self, with: response) }
    }
  }

  /// The client has gone, or stopped sending: nobody needs the work any more.
  func cancelTasks() {
    for task in tasks.values { task.cancel() }
  }

  /// The end of it: counted, and written to the access log.
  func ended(isCut: Bool) {
    loop.settings.handler.answered(request, status: answeredStatus, nanoseconds: max(0, ServerLoop.now() - startedAt))
    guard loop.isLogging else { return }
    loop.logAccess(request, traceId: facts.traceId, status: answeredStatus, bytes: answeredBytes, startedAt: startedAt, isCut: isCut)
  }
}
