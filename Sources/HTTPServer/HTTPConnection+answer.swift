import NIOCore
import NIOHTTP1
import NIOPosix

extension HTTPConnection {
  // MARK: Complete answers

  func respond(to exchange: HTTPExchange, with response: HTTPResponse) {
    guard exchange === current, phase == .open, case .none = exchange.answer else { return }
    guard let compressible = Compressible(response, to: exchange, configuration: loop.settings.configuration) else {
      return send(response, to: exchange)
    }
    guard compressible.isWanted else { return send(response, to: exchange, moreLines: Compressible.varyLine) }
    if response.body.count <= Compressible.onLoopBytesMax {
      send(compressible.compressed(), to: exchange, moreLines: Compressible.varyLine)
    } else {
      exchange.answer = .compressing
      NIOSingletons.posixBlockingThreadPool.submit { [self] _ in
        let compressed = compressible.compressed()
        loop.eventLoop.execute { [self] in
          guard exchange === current, case .compressing = exchange.answer else { return }
          send(compressed, to: exchange, moreLines: Compressible.varyLine)
        }
      }
    }
  }

  func send(_ response: HTTPResponse, to exchange: HTTPExchange, moreLines: [UInt8] = []) {
    let persists = settle(exchange)
    let isHead = exchange.request.method == .head
    let hasNoBody = StatusLine.hasNoBody(response.status)
    let length = isHead ? announcedLength(of: response) : response.body.count
    let head = ResponseHeadWriter(
      status: response.status, headers: response.headers, framing: hasNoBody ? .none : .length(length),
      requestId: exchange.request.requestId, persists: persists, isHTTP10: exchange.facts.isHTTP10,
      commonLines: commonLines(origin: exchange.facts.origin), moreLines: moreLines)
    let body = isHead || hasNoBody ? [] : response.body
    guard head.write(body: body, to: &out) else {
      loop.settings.log.log(
        .error, "an answer had a header field that HTTP does not allow", [("requestId", exchange.request.requestId)])
      return send(problem(.internalError, requestId: exchange.request.requestId), to: exchange)
    }
    exchange.answeredStatus = response.status
    exchange.answeredBytes = body.count
    answered(exchange, persists: persists)
  }

  /// For HEAD a handler may know the length without having the body.
  private func announcedLength(of response: HTTPResponse) -> Int {
    guard response.body.isEmpty, let length = response.headers["Content-Length"].flatMap({ Int($0) }), length >= 0 else {
      return response.body.count
    }
    return length
  }

  func commonLines(origin: String?) -> [UInt8] {
    loop.settings.cors.linesForAnyOrigin != nil
      ? loop.commonLines : loop.commonLines + loop.settings.cors.lines(origin: origin)
  }

  func problem(_ refusal: RequestRefusal, requestId: String) -> HTTPResponse {
    loop.settings.configuration.problem(refusal.status, refusal.code, refusal.detail, requestId)
  }

  func preflightAnswer(_ request: HTTPRequest, origin: String?) -> (response: HTTPResponse, lines: [UInt8])? {
    if let origin, request.headers.contains("Access-Control-Request-Method") {
      return (HTTPResponse(status: 204), loop.settings.cors.preflightLines(origin: origin))
    }
    guard request.path == "*" else { return nil }
    let methods = loop.settings.configuration.allowedMethods.joined(separator: ", ")
    return (HTTPResponse(status: 204, headers: ["Allow": methods]), [])
  }

  // MARK: The end of an answer

  /// Whether the connection can go on after this request's answer, decided when the answer begins, so that it can say so.
  func settle(_ exchange: HTTPExchange) -> Bool {
    guard exchange.facts.keepsAlive, !loop.isDraining, !inputClosed, !decoderFailed else { return false }
    if isTruncated, waitingRequests == 0 { return false }
    if inputEnded || exchange.intake.isWhole { return true }
    // The client waits for leave to send a body that nobody wants, or for the answer; it may send it all the same.
    if exchange.facts.expectsContinue, !exchange.continueSent { return false }
    guard !exchange.intake.isFailed else { return false }
    return (exchange.intake.bytesToCome ?? 0) <= loop.settings.configuration.unreadBodyBytesMax
  }

  /// The answer is given to its last byte.
  func answered(_ exchange: HTTPExchange, persists: Bool) {
    exchange.answer = .done
    exchange.persists = persists
    exchange.ended(isCut: false)
    if inputEnded {
      finishCurrent()
    } else if !persists, !exchange.intake.isWhole {
      beginClose()
    } else {
      if !exchange.intake.isWhole {
        exchange.act(exchange.intake.discard(bytesMax: loop.settings.configuration.unreadBodyBytesMax))
        bodyDemandChanged(exchange)
      }
      if !isReading { flush() }
    }
  }

  /// The request has come and its answer has gone.
  func finishCurrent() {
    guard let exchange = current else { return }
    current = nil
    guard exchange.persists, !loop.isDraining else { return beginClose() }
    inputDeadline = ServerLoop.now() + loop.settings.idleTimeout
    if inputClosed || decoderFailed || isTruncated, waiting.isEmpty { return beginClose() }
    if waiting.isEmpty {
      if !isReading { flush() }
      readIfWanted()
    } else {
      pump()
    }
  }

  /// All of a request's tasks have ended; what they left open is closed.
  func workEnded(_ exchange: HTTPExchange) {
    guard exchange === current, phase == .open else { return }
    switch exchange.answer {
    case .none where exchange.isAnsweredElsewhere:
      break
    case .none:
      // Work for somebody who has gone is cancelled: nothing is wrong then.
      if !inputClosed { loop.settings.log.log(.error, "a request's work ended without an answer", [("requestId", exchange.request.requestId)]) }
      send(problem(.internalError, requestId: exchange.request.requestId), to: exchange)
    case .streaming:
      abortStream(of: exchange)
    case .compressing, .file, .pushing, .done:
      break
    }
  }

  // MARK: Refusals

  /// Answers a request that never became one, and closes.
  func refuse(_ refusal: RequestRefusal, head: HTTPRequestHead? = nil) {
    let requestId = loop.nextRequestId()
    let response = problem(refusal, requestId: requestId)
    let writer = ResponseHeadWriter(
      status: response.status, headers: response.headers, framing: .length(response.body.count), requestId: requestId,
      persists: false, isHTTP10: false, commonLines: commonLines(origin: nil))
    let isHead = head?.method == .HEAD
    _ = writer.write(body: isHead ? [] : response.body, to: &out)
    if loop.isLogging {
      let path = head.map { $0.uri.prefix { $0 != "?" } }.map(String.init) ?? "-"
      let request = HTTPRequest(
        method: head.map { HTTPMethod($0.method) } ?? .other("-"), target: "-", path: path, query: nil,
        headers: HTTPHeaders(), requestId: requestId, remoteAddress: remoteAddress, lane: loop.index,
        contentLength: nil, hasBody: false)
      loop.logAccess(
        request, status: response.status, bytes: response.body.count, startedAt: ServerLoop.now(), isCut: false)
    }
    // Whatever else the client sends is not understood.
    inputEnded = false
    beginClose()
  }
}
