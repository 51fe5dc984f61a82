import NIOCore
import NIOHTTP1

/// One connection: takes one request at a time, and the next one only when the answer before it is on its way. What the
/// client sends meanwhile waits here (one socket read of it), and the socket is not read on.
///
/// `@unchecked Sendable` because all of it is touched only on its event loop.
final class HTTPConnection: ChannelInboundHandler, ChannelOutboundHandler, @unchecked Sendable {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = Never
  typealias OutboundOut = IOData

  enum Phase {
    case open
    /// The last answer is on its way to the kernel.
    case closing
    /// All is said; what the client still sends is read and thrown away, so that no reset destroys the answer.
    case lingering
    case closed
  }

  enum Waiting {
    case part(HTTPServerRequestPart)
    case refusal(RequestRefusal)
  }

  let loop: ServerLoop
  let remoteAddress: String
  var indexInLoop = -1

  var context: ChannelHandlerContext?
  var phase = Phase.open
  private var hasLeft = false
  var current: HTTPExchange?
  /// Whether the current request has arrived to its end.
  var inputEnded = true
  /// What arrived behind the current request.
  var waiting = CircularBuffer<Waiting>(initialCapacity: 1)
  var waitingRequests = 0
  /// More requests were waiting than may; the rest was dropped, and the connection ends with those that were kept.
  var isTruncated = false
  var decoderFailed = false
  /// The client has said that nothing more comes.
  var inputClosed = false
  /// A head has begun to arrive.
  var headStarted = false
  var isReading = false
  var isPumping = false
  var readIsHeld = false

  /// Answers that are not yet given to the channel: those to one read go out in one write.
  var out = ByteBuffer()
  var pieceWriters: [@Sendable (Result<Void, any Error>) -> Void] = []

  // Monotonic nanoseconds.
  var inputDeadline = Int64.max
  var outputDeadline = Int64.max
  var outputBytesAtDeadline = 0

  init(loop: ServerLoop, remoteAddress: String) {
    self.loop = loop
    self.remoteAddress = remoteAddress
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    inputDeadline = ServerLoop.now() + loop.settings.headTimeout
    loop.add(self)
  }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
  }

  // Also for a channel that never became active.
  func handlerRemoved(context: ChannelHandlerContext) {
    leave()
    self.context = nil
  }

  private func leave() {
    guard !hasLeft else { return }
    hasLeft = true
    phase = .closed
    loop.remove(self)
    loop.settings.lifecycle.connectionClosed()
    waiting.removeAll()
    loseCurrent()
  }

  // MARK: Reading

  func read(context: ChannelHandlerContext) {
    if wantsInput {
      context.read()
    } else {
      readIsHeld = true
    }
  }

  var wantsInput: Bool {
    switch phase {
    case .closed, .closing: return false
    case .lingering: return true
    case .open:
      guard waiting.isEmpty else { return false }
      guard let current, !inputEnded else { return true }
      return current.intake.wantsMore
    }
  }

  func readIfWanted() {
    guard readIsHeld, wantsInput, let context else { return }
    readIsHeld = false
    context.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isReading = true
    headStarted = false
    guard phase == .open, !isTruncated else { return }
    let part = unwrapInboundIn(data)
    if waiting.isEmpty, canTake(part) {
      take(part)
    } else {
      enqueue(part)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    let broughtParts = isReading
    isReading = false
    flush()
    if !broughtParts, phase == .open, current == nil, waiting.isEmpty, !headStarted {
      // Bytes came, and no whole head with them.
      headStarted = true
      inputDeadline = ServerLoop.now() + loop.settings.headTimeout
    }
  }

  private func enqueue(_ part: HTTPServerRequestPart) {
    if case .head = part {
      guard waitingRequests < loop.settings.configuration.pipelinedRequestsMax else {
        isTruncated = true
        return
      }
      waitingRequests += 1
    }
    waiting.append(.part(part))
  }

  private func canTake(_ part: HTTPServerRequestPart) -> Bool {
    guard case .head = part else { return true }
    guard current == nil, let context else { return false }
    if out.readableBytes >= 64 * 1024 { flush() }
    return context.channel.isWritable
  }

  /// Takes what waits, as far as it may be taken now.
  func pump() {
    guard !isPumping else { return }
    isPumping = true
    takeWaiting()
    isPumping = false
    if !isReading { flush() }
    readIfWanted()
  }

  private func takeWaiting() {
    while phase == .open, let first = waiting.first {
      switch first {
      case .refusal(let refusal):
        guard current == nil else { return }
        waiting.removeFirst()
        refuse(refusal)
      case .part(let part):
        guard canTake(part) else { return }
        waiting.removeFirst()
        if case .head = part { waitingRequests -= 1 }
        take(part)
      }
    }
  }

  private func take(_ part: HTTPServerRequestPart) {
    switch part {
    case .head(let head):
      inputEnded = false
      inputDeadline = .max
      begin(head)
    case .body(let bytes):
      guard let current else { return }
      current.act(current.intake.arrived(bytes))
      bodyDemandChanged(current)
    case .end:
      inputEnded = true
      inputDeadline = .max
      guard let current else { return }
      if case .pushing(let answer) = current.answer { inputDeadline = ServerLoop.now() + answer.heartbeatInterval }
      if case .done = current.answer {
        finishCurrent()
      } else {
        current.act(current.intake.ended())
      }
    }
  }

  private func begin(_ head: HTTPRequestHead) {
    switch RequestHeadCheck.check(head, configuration: loop.settings.configuration) {
    case .failure(let refusal):
      refuse(refusal, head: head)
    case .success(let facts):
      guard let target = RequestTarget(head.uri) else {
        return refuse(.badRequest("The request target is neither a path nor an address."), head: head)
      }
      let request = HTTPRequest(
        method: HTTPMethod(head.method), target: head.uri, path: target.path, query: target.query,
        headers: HTTPHeaders(head.headers), requestId: facts.requestId ?? loop.nextRequestId(),
        remoteAddress: remoteAddress, lane: loop.index, contentLength: facts.contentLength, hasBody: facts.hasBody)
      let exchange = HTTPExchange(
        request: request, facts: facts, loop: loop, connection: self,
        startedAt: loop.isLogging ? ServerLoop.now() : 0)
      current = exchange
      if request.method == .options, let answer = preflightAnswer(request, origin: facts.origin) {
        send(answer.response, to: exchange, moreLines: answer.lines)
      } else {
        loop.settings.handler.handle(exchange)
      }
    }
  }

  // MARK: What the handler wants of the body

  /// Called after each change of who takes the body.
  func bodyDemandChanged(_ exchange: HTTPExchange) {
    guard exchange === current, phase == .open, !inputEnded else { return }
    if exchange.intake.isAwaited {
      let idle = ServerLoop.now() + loop.settings.bodyIdleTimeout
      inputDeadline = exchange.intake.isCollected ? min(idle, exchange.collectDeadline) : idle
      sendContinueIfExpected(exchange)
    } else {
      inputDeadline = .max
    }
    readIfWanted()
  }

  private func sendContinueIfExpected(_ exchange: HTTPExchange) {
    guard exchange.facts.expectsContinue, !exchange.continueSent, exchange.intake.receivedBytes == 0 else { return }
    guard case .none = exchange.answer else { return }
    exchange.continueSent = true
    out.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    if !isReading { flush() }
  }

  /// More of an unwanted body came than is worth reading.
  func giveUpOnBody(_ exchange: HTTPExchange) {
    guard exchange === current, phase == .open else { return }
    beginClose()
  }

  // MARK: Errors and ends

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? HTTPParserError else {
      // Bytes after a broken message; all else is the socket's end.
      if !(error is ByteToMessageDecoderError) { closeNow() }
      return
    }
    guard !decoderFailed else { return }
    decoderFailed = true
    guard phase == .open, !isTruncated else { return }
    if waiting.isEmpty, current == nil {
      if error == .invalidEOFState { return closeNow() }
      refuse(RequestRefusal(error))
    } else if waiting.isEmpty, let current, !inputEnded {
      if case .done = current.answer { return beginClose() }
      current.act(current.intake.failed(error == .invalidEOFState ? .incomplete : .malformed))
    } else if error != .invalidEOFState {
      waiting.append(.refusal(RequestRefusal(error)))
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let event = event as? ChannelEvent, event == .inputClosed else {
      return context.fireUserInboundEventTriggered(event)
    }
    inputClosed = true
    switch phase {
    case .closed, .closing: break
    case .lingering: closeNow()
    case .open:
      guard let current else {
        if waiting.isEmpty { beginClose() }
        return
      }
      // Nobody who listens to a stream closes their side of it first.
      if pushListener != nil { return closeNow() }
      // The client may only have closed its side and still want the answer; most have gone. What is cheap goes on,
      // what costs is told.
      current.act(current.intake.failed(.incomplete))
      resumeWriters(.failure(HTTPResponseError.connectionClosed))
      current.cancelTasks()
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      if phase == .open { outputDeadline = .max }
      resumeWriters(.success(()))
      pump()
    } else {
      armOutputDeadline()
    }
  }
}

extension RequestRefusal {
  init(_ error: HTTPParserError) {
    switch error {
    case .headerOverflow: self = .headTooLarge
    case .invalidVersion: self = .wrongVersion
    default: self = .badRequest("The request breaks the rules of HTTP/1.1.")
    }
  }
}

extension HTTPMethod {
  init(_ method: NIOHTTP1.HTTPMethod) {
    switch method {
    case .GET: self = .get
    case .HEAD: self = .head
    case .POST: self = .post
    case .PUT: self = .put
    case .PATCH: self = .patch
    case .DELETE: self = .delete
    case .OPTIONS: self = .options
    default: self = .other(method.rawValue)
    }
  }
}
