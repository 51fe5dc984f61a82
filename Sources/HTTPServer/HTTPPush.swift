/// An answer without an end, written from outside of its request: no task waits for it, and a write never waits. To be used on its
/// connection's event loop only.
package struct HTTPPush: Sendable {
  let exchange: HTTPExchange

  /// Sends a piece. False if the connection is gone, or is closed now because its client has left more than so many bytes unread.
  package func send(_ piece: HTTPPiece) -> Bool {
    exchange.connection.push(piece, of: exchange)
  }

  /// The same for something large: calls `sent` once the kernel has it, or the connection is gone.
  package func send(_ piece: HTTPPiece, sent: @escaping @Sendable () -> Void) -> Bool {
    exchange.connection.push(piece, of: exchange, sent: sent)
  }

  /// Sends the last piece and ends the answer in order. The listener hears no more.
  package func finish(_ last: HTTPPiece) {
    exchange.connection.finishPush(last, of: exchange)
  }
}

/// Who hears what becomes of a push; called on its event loop.
package protocol HTTPPushListener: AnyObject, Sendable {
  /// The client has gone, or the connection broke. Not after `finish`.
  func pushClosed()
  /// The server stops and waits for this answer to end.
  func serverDrains()
}

/// What a push keeps for its connection.
struct PushedAnswer: Sendable {
  let listener: any HTTPPushListener
  /// Sent when the client would otherwise hear nothing for so long (nanoseconds).
  let heartbeat: HTTPPiece
  let heartbeatInterval: Int64
  /// Unsent bytes past which the client counts as too slow.
  let unsentBytesMax: Int
  /// The same while the backlog is full.
  let unsentBytesMin: Int
  let backlog: HTTPPushBacklog
  let framing: ResponseFraming
}

extension HTTPExchange {
  /// Begins an answer that is pushed. Nil if it cannot begin: the client is gone, or there is an answer already. Only on the loop.
  /// - Parameters:
  ///   - heartbeat: sent every `interval`, so that proxies do not take the connection for dead.
  ///   - unsentBytesMax: a client that has left more than this unread is cut off, so that it costs no more memory than that.
  ///   - unsentBytesMin: the same where `backlog`, of all pushes together, is full.
  package func respondPush(
    status: Int, headers: HTTPHeaders, heartbeat: HTTPPiece, every interval: Duration, unsentBytesMax: Int, unsentBytesMin: Int,
    backlog: HTTPPushBacklog, listener: any HTTPPushListener
  ) -> HTTPPush? {
    let answer = PushedAnswer(
      listener: listener, heartbeat: heartbeat, heartbeatInterval: interval.nanoseconds, unsentBytesMax: unsentBytesMax, unsentBytesMin: unsentBytesMin,
      backlog: backlog, framing: facts.isHTTP10 ? .untilClose : .chunked)
    return connection.beginPush(answer, of: self, status: status, headers: headers) ? HTTPPush(exchange: self) : nil
  }

  /// Says that the answer will come from elsewhere: the end of the last task is not the end of the work. Only on the loop.
  package func answerComesLater() {
    isAnsweredElsewhere = true
  }

  /// Whether the client is still there and waits for an answer. Only on the loop.
  package var isWaiting: Bool {
    if case .none = answer { !isLost && !connection.inputClosed } else { false }
  }

  /// The event loop that runs this request.
  package var lane: HTTPLane { HTTPLane(loop: loop) }
}

/// One of the server's event loops.
package struct HTTPLane: Sendable {
  let loop: ServerLoop

  /// Runs `work` on the loop, after what it has to do already.
  package func execute(_ work: @escaping @Sendable () -> Void) {
    loop.eventLoop.execute(work)
  }

  /// Whether the server is stopping. Only on the loop.
  package var isDraining: Bool { loop.isDraining }
}
