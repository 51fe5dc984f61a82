import NIOCore

extension HTTPConnection {
  // MARK: Answers in pieces

  func beginStream(
    of exchange: HTTPExchange, status: Int, headers: HTTPHeaders, contentLength: Int?
  ) -> Result<Void, any Error> {
    let isBodiless = exchange.request.method == .head || StatusLine.hasNoBody(status)
    let framing: ResponseFraming =
      if StatusLine.hasNoBody(status) {
        .none
      } else if let contentLength {
        .length(contentLength)
      } else {
        exchange.facts.isHTTP10 ? .untilClose : .chunked
      }
    return writeHead(of: exchange, status: status, headers: headers, framing: framing).map {
      exchange.answer = .streaming(StreamedAnswer(framing: framing, isBodiless: isBodiless))
      if !isReading { flush() }
    }
  }

  func writeHead(
    of exchange: HTTPExchange, status: Int, headers: HTTPHeaders, framing: ResponseFraming
  ) -> Result<Void, any Error> {
    guard !exchange.isLost else { return .failure(HTTPResponseError.connectionClosed) }
    guard exchange === current, phase == .open, case .none = exchange.answer else {
      return .failure(HTTPResponseError.alreadyAnswered)
    }
    let persists = framing != .untilClose && settle(exchange)
    let head = ResponseHeadWriter(
      status: status, headers: headers, framing: framing, requestId: exchange.request.requestId, persists: persists,
      isHTTP10: exchange.facts.isHTTP10, commonLines: commonLines(origin: exchange.facts.origin))
    guard head.write(body: [], to: &out) else { return .failure(HTTPResponseError.invalidHeader) }
    exchange.persists = persists
    exchange.answeredStatus = status
    return .success(())
  }

  func writePiece(_ bytes: [UInt8], of exchange: HTTPExchange, then: @escaping @Sendable (Result<Void, any Error>) -> Void) {
    guard exchange === current, phase == .open, !inputClosed, let context else {
      return then(.failure(HTTPResponseError.connectionClosed))
    }
    guard case .streaming(var answer) = exchange.answer else {
      return then(.failure(HTTPResponseError.alreadyAnswered))
    }
    switch answer.add(bytes.count) {
    case .tooLong:
      abortStream(of: exchange)
      return then(.failure(HTTPResponseError.wrongLength))
    case .nothing:
      break
    case .plain:
      out.writeBytes(bytes)
      exchange.answeredBytes += bytes.count
    case .chunk:
      out.reserveCapacity(minimumWritableBytes: bytes.count + 24)
      out.writeString(String(bytes.count, radix: 16))
      out.writeStaticString("\r\n")
      out.writeBytes(bytes)
      out.writeStaticString("\r\n")
      exchange.answeredBytes += bytes.count
    }
    exchange.answer = .streaming(answer)
    flush()
    if exchange !== current || phase != .open {
      // The flush found the client gone.
      then(.failure(HTTPResponseError.connectionClosed))
    } else if context.channel.isWritable {
      then(.success(()))
    } else {
      pieceWriters.append(then)
    }
  }

  func finishStream(of exchange: HTTPExchange) -> Result<Void, any Error> {
    guard exchange === current, phase == .open else { return .failure(HTTPResponseError.connectionClosed) }
    guard case .streaming(let answer) = exchange.answer else { return .failure(HTTPResponseError.alreadyAnswered) }
    guard answer.isWhole else {
      abortStream(of: exchange)
      return .failure(HTTPResponseError.wrongLength)
    }
    if answer.framing == .chunked, !answer.isBodiless { out.writeStaticString("0\r\n\r\n") }
    answered(exchange, persists: exchange.persists)
    return .success(())
  }

  func abortStream(of exchange: HTTPExchange) {
    guard exchange === current, case .streaming = exchange.answer else { return }
    closeNow()
  }

  func resumeWriters(_ result: Result<Void, any Error>) {
    let writers = pieceWriters
    pieceWriters = []
    for writer in writers { writer(result) }
  }

  func cancelWriters(of exchange: HTTPExchange) {
    guard exchange === current else { return }
    resumeWriters(.failure(CancellationError()))
  }

  // MARK: Files

  func sendFile(
    _ region: FileRegion, of exchange: HTTPExchange, status: Int, headers: HTTPHeaders,
    then: @escaping @Sendable (Result<Void, any Error>) -> Void
  ) {
    let hasNoBody = StatusLine.hasNoBody(status)
    let framing = hasNoBody ? ResponseFraming.none : .length(region.readableBytes)
    if case .failure(let error) = writeHead(of: exchange, status: status, headers: headers, framing: framing) {
      return then(.failure(error))
    }
    guard let context, region.readableBytes > 0, exchange.request.method != .head, !hasNoBody else {
      answered(exchange, persists: exchange.persists)
      return then(.success(()))
    }
    exchange.answer = .file
    flush()
    context.writeAndFlush(wrapOutboundOut(.fileRegion(region))).assumeIsolated().whenComplete { [self] result in
      switch result {
      case .success where exchange === current:
        exchange.answeredBytes = region.readableBytes
        answered(exchange, persists: exchange.persists)
        then(.success(()))
      case .success, .failure:
        then(.failure(HTTPResponseError.connectionClosed))
      }
    }
    armOutputDeadline()
  }
}
