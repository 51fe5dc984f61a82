import Core
import HTTPServer
import JSON

extension RoostAPI {
  /// The way of a call: the trigger says whose the `Authorization` is, its rule who may call; then the function, and its answer in one or in pieces.
  func call(_ exchange: HTTPExchange, function: String) {
    exchange.task { [self] in
      let request = exchange.request
      do {
        let call = try CalledRequest(
          id: request.requestId, function: function, method: request.method, path: request.path, query: request.query, headers: request.headers,
          remoteAddress: request.remoteAddress, now: environment.clock.now())
        let authenticate = { [self] (trigger: HTTPTrigger) in
          trigger.ownsAuthorization ? .anonymous : try await caller(environment.authenticator.authenticate(authorization: request.headers["Authorization"]))
        }
        let admitted = try await CallFunction.admit(call, to: environment, authenticate: authenticate)
        let body = try await collectedBody(of: exchange, bytesMax: Limits.callBodyBytesMax)
        let (reply, trigger) = try await CallFunction.reply(to: call, admitted, body: body, environment, authenticate: authenticate)
        switch reply {
        case .whole(let answer): exchange.respond(try Self.response(answer, trigger))
        case .stream(let stream): try await send(stream, trigger, to: exchange)
        }
      } catch let error as MethodNotAllowed {
        exchange.respond(methodNotAllowed(error, request))
      } catch is CancellationError {
        // The client is gone.
      } catch let error as HTTPResponseError {
        environment.report(error, request.requestId)
      } catch {
        exchange.respond(problem(error, requestID: request.requestId))
      }
    }
  }

  /// The same for a function that calls another: its answer is collected.
  func call(_ local: LocalCall, function: String, path: String, query: String?) async throws -> HTTPResponse {
    let headers = HTTPHeaders(local.headers.map { ($0.name, $0.value) })
    let call = try CalledRequest(
      id: "local", function: function, method: HTTPMethod(local.method), path: path, query: query, headers: headers, remoteAddress: "",
      now: environment.clock.now())
    let admitted = try await CallFunction.admit(call, to: environment) { _ in local.caller }
    guard local.body.count <= Limits.callBodyBytesMax else { throw Problem.error(of: .tooLarge, bytesMax: Limits.callBodyBytesMax) }
    let (reply, trigger) = try await CallFunction.reply(to: call, admitted, body: local.body, environment) { _ in local.caller }
    switch reply {
    case .whole(let answer): return try Self.response(answer, trigger)
    case .stream(let stream):
      var response = try Self.response(head: stream.head, trigger).response
      while let piece = try await stream.next() {
        guard response.body.count + piece.count <= Limits.workerFrameBytesMax / 2 else {
          stream.cancel()
          throw RoostError(.payloadTooLarge, "The answer has more than \(Limits.workerFrameBytesMax / 2) bytes, which is what a function can take at once.")
        }
        response.body += piece
      }
      return response
    }
  }

  private static func response(_ answer: DirectAnswer, _ trigger: HTTPTrigger) throws -> HTTPResponse {
    if let failure = answer.failure { throw failure }
    do {
      let called = try CallAnswer(answer.value)
      return HTTPResponse(status: called.status, headers: CallFence.headers(called.headers, isSite: trigger.isSite), body: called.body)
    } catch {
      throw error.failure
    }
  }

  private static func response(head: JSONObject, _ trigger: HTTPTrigger) throws -> (response: HTTPResponse, length: Int?) {
    do {
      let called = try CallAnswer(response: head)
      let length = called.headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) }
      let response = HTTPResponse(status: called.status, headers: CallFence.headers(called.headers, isSite: trigger.isSite))
      return (response, length.flatMap { $0 >= 0 ? $0 : nil })
    } catch {
      throw error.failure
    }
  }

  /// As the function sends it: a piece is taken when the client has taken the one before.
  private func send(_ pieces: CallStream, _ trigger: HTTPTrigger, to exchange: HTTPExchange) async throws {
    do {
      let (head, length) = try Self.response(head: pieces.head, trigger)
      guard exchange.request.method != .head else {
        pieces.cancel()
        return exchange.respond(head)
      }
      let stream = try await exchange.respondStream(status: head.status, headers: head.headers, contentLength: length)
      do {
        while let piece = try await pieces.next() { try await stream.write(piece) }
        try await stream.finish()
      } catch {
        // Never a clean end: the client must see that the answer is not whole.
        stream.abort()
        pieces.cancel()
      }
    } catch {
      pieces.cancel()
      throw error
    }
  }
}

extension CallAnswer.Malformed {
  /// The caller hears that much: it is what they would see of the answer.
  fileprivate var failure: RoostError { RoostError(.functionFailed, "The function answered something that is no HTTP response: \(reason).") }
}

/// What keeps pages that functions answer from acting with the API's own origin.
enum CallFence {
  /// Scripts run and forms are sent, but in an origin of their own: without the tokens, storage and cookies that belong to the API's
  /// (https://www.w3.org/TR/CSP3/#directive-sandbox).
  static let policy = "sandbox allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-modals allow-downloads"

  static func headers(_ answered: [(name: String, value: String)], isSite: Bool) -> HTTPHeaders {
    var headers = HTTPHeaders(CallHeaders.forCaller(answered, isSite: isSite).map { ($0.name, $0.value) })
    guard !isSite else { return headers }
    headers.set("X-Content-Type-Options", "nosniff")
    // A browser heeds all policies at once: the function's own can only be stricter.
    if !isJSON(headers.all("Content-Type")) { headers.add("Content-Security-Policy", policy) }
    return headers
  }

  /// JSON is never run. Of several types, which may stand in one field too, a browser takes the last that it understands
  /// (https://fetch.spec.whatwg.org/#concept-header-extract-mime-type).
  private static func isJSON(_ types: [String]) -> Bool {
    types.count == 1 && !types[0].contains(",") && MediaType.essence(types[0]) == "application/json"
  }
}
