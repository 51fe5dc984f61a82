import NIOCore

extension HTTPConnection {
  // MARK: Writing out

  /// Gives what has gathered to the kernel.
  func flush() {
    guard out.readableBytes > 0, let context else { return }
    // Taken away first: the kernel may take it all at once, and the channel then says at once that it can be written, which flushes.
    var given = out
    out = ByteBuffer()
    context.writeAndFlush(wrapOutboundOut(.byteBuffer(given)), promise: nil)
    if given.storageCapacity <= 8 * 1024, out.storageCapacity == 0 {
      // The kernel has mostly taken it by now, and the space can be used again.
      given.clear()
      out = given
    }
    if !context.channel.isWritable { armOutputDeadline() }
  }

  var outputBytes: Int {
    (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  func armOutputDeadline() {
    outputDeadline = ServerLoop.now() + loop.settings.writeIdleTimeout
    outputBytesAtDeadline = outputBytes
  }

  // MARK: Closing

  /// Sends what is there and closes; takes no more requests.
  func beginClose() {
    guard phase == .open, let context else { return }
    phase = .closing
    inputDeadline = .max
    let mayLoseInput = !inputEnded || !waiting.isEmpty || isTruncated
    waiting.removeAll()
    loseCurrent()
    let last = out
    out = ByteBuffer()
    context.writeAndFlush(wrapOutboundOut(.byteBuffer(last))).assumeIsolated().whenComplete { [self] _ in
      if mayLoseInput, !inputClosed { linger() } else { closeNow() }
    }
    if phase == .closing { armOutputDeadline() }
  }

  /// Closes our side only: closing both with input unread makes the kernel send a reset, which may overtake the answer.
  private func linger() {
    guard phase == .closing, let context else { return }
    phase = .lingering
    outputDeadline = .max
    inputDeadline = ServerLoop.now() + loop.settings.lingerTimeout
    context.close(mode: .output, promise: nil)
    readIfWanted()
  }

  func closeNow() {
    guard phase != .closed, let context else { return }
    phase = .closed
    context.close(promise: nil)
  }

  /// The current request, if any, has lost its client.
  func loseCurrent() {
    resumeWriters(.failure(HTTPResponseError.connectionClosed))
    guard let exchange = current else { return }
    let listener = pushListener
    current = nil
    exchange.isLost = true
    if case .done = exchange.answer {
    } else {
      // nginx's word for a client that closed first.
      if exchange.answeredStatus == 0 { exchange.answeredStatus = 499 }
      exchange.ended(isCut: true)
    }
    exchange.act(exchange.intake.failed(.incomplete))
    exchange.cancelTasks()
    listener?.pushClosed()
  }

  /// The server stops: goes at once when idle, else after what runs.
  func drain() {
    if let pushListener { return pushListener.serverDrains() }
    if phase == .open, current == nil, waiting.isEmpty, !headStarted { beginClose() }
  }

  // MARK: Time-outs

  func isOverdue(_ now: Int64) -> Bool {
    inputDeadline <= now || outputDeadline <= now
  }

  func timeOut(_ now: Int64) {
    if outputDeadline <= now {
      let left = outputBytes
      if left == 0 {
        outputDeadline = .max
      } else if left < outputBytesAtDeadline {
        armOutputDeadline()
      } else {
        return closeNow()
      }
    }
    guard inputDeadline <= now else { return }
    inputDeadline = .max
    switch phase {
    case .closed, .closing: break
    case .lingering: closeNow()
    case .open:
      if beatHeart(now) {
        break
      } else if let current {
        current.act(current.intake.failed(.timedOut))
      } else if headStarted {
        refuse(.headTimedOut)
      } else if waiting.isEmpty {
        closeNow()
      }
    }
  }
}
