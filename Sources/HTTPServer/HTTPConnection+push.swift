import NIOCore

extension HTTPConnection {
  /// A smaller piece for somebody who keeps up is as good as sent.
  private static let countedBytesMin = 4096

  func beginPush(_ answer: PushedAnswer, of exchange: HTTPExchange, status: Int, headers: HTTPHeaders) -> Bool {
    guard case .success = writeHead(of: exchange, status: status, headers: headers, framing: answer.framing) else { return false }
    exchange.answer = .pushing(answer)
    flush()
    // The connection may stay for days: what it needed to read its request goes.
    out = ByteBuffer()
    inputDeadline = ServerLoop.now() + answer.heartbeatInterval
    return exchange === current
  }

  func push(_ piece: HTTPPiece, of exchange: HTTPExchange, sent: (@Sendable () -> Void)? = nil) -> Bool {
    guard exchange === current, phase == .open, case .pushing(let answer) = exchange.answer, let context else {
      sent?()
      return false
    }
    let bytes = answer.framing == .chunked ? piece.chunk : piece.plain
    exchange.answeredBytes += piece.count
    var written: EventLoopPromise<Void>?
    if let sent {
      written = context.eventLoop.makePromise(of: Void.self)
      written?.futureResult.whenComplete { _ in sent() }
    } else if !context.channel.isWritable || piece.count >= Self.countedBytesMin {
      let share = piece.share(in: answer.backlog)
      written = context.eventLoop.makePromise(of: Void.self)
      written?.futureResult.whenComplete { _ in withExtendedLifetime(share) {} }
    }
    context.writeAndFlush(wrapOutboundOut(.byteBuffer(bytes)), promise: written)
    guard !context.channel.isWritable else { return exchange === current }
    // Asked only of those who lag: the count itself costs more than the question.
    if sent == nil, outputBytes > (answer.backlog.isFull ? answer.unsentBytesMin : answer.unsentBytesMax) { closeNow() }
    return exchange === current && phase == .open
  }

  func finishPush(_ last: HTTPPiece, of exchange: HTTPExchange) {
    guard push(last, of: exchange), case .pushing(let answer) = exchange.answer else { return }
    if answer.framing == .chunked { out.writeStaticString("0\r\n\r\n") }
    answered(exchange, persists: exchange.persists)
    if !isReading { flush() }
  }

  /// Whether the current answer is a push; then its heartbeat is sent.
  func beatHeart(_ now: Int64) -> Bool {
    guard let current, case .pushing(let answer) = current.answer else { return false }
    inputDeadline = now + answer.heartbeatInterval
    _ = push(answer.heartbeat, of: current)
    return true
  }

  /// The listener of the current push.
  var pushListener: (any HTTPPushListener)? {
    if let current, case .pushing(let answer) = current.answer { answer.listener } else { nil }
  }
}
