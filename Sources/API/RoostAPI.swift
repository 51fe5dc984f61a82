import Core
import HTTPServer
import JSON

/// The REST API. The way of a request: route, who, body, operation, answer.
package final class RoostAPI: HTTPHandler, LocalAPI {
  let environment: APIEnvironment
  private let routes: RouteTable

  package init(_ environment: APIEnvironment) {
    self.environment = environment
    routes = RouteTable(Routes.all)
  }

  /// Called on the event loop. Operations of the kind `direct` are answered without leaving it.
  package func handle(_ exchange: HTTPExchange) {
    do {
      let request = exchange.request
      let (route, parameters) = try match(request.method, request.path)
      if case .call = route.work { return call(exchange, function: parameters[0]) }
      if let stream = route.stream, request.method == .get, EventStream.isWanted(request.headers) {
        return try open(stream, parameters: parameters, exchange: exchange)
      }
      switch (try environment.authenticator.authenticate(authorization: request.headers["Authorization"]), route.work) {
      case (.caller(let caller), .direct(let work)):
        try admit(caller, to: route)
        performDirect(work, parameters: parameters, caller: caller, exchange: exchange)
      case (let who, _):
        if case .caller(let caller) = who { try admit(caller, to: route) }
        performInTask(route, parameters: parameters, who: who, exchange: exchange)
      }
    } catch let error as MethodNotAllowed {
      exchange.respond(methodNotAllowed(error, exchange.request))
    } catch {
      exchange.respond(problem(error, requestID: exchange.request.requestId))
    }
  }

  package func answered(_ request: HTTPRequest, status: Int, nanoseconds: Int64) {
    environment.requests.count(request, status: status, nanoseconds: nanoseconds)
  }

  /// The same operations for functions, inside the server.
  package func perform(_ call: LocalCall) async -> LocalAnswer {
    let requestID = "local"
    let response: HTTPResponse
    do {
      let method = HTTPMethod(call.method)
      let target = call.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
      guard let path = target.first, path.hasPrefix("/") else { throw RoostError(.badRequest, "A target begins with '/'.") }
      let (route, parameters) = try match(method, String(path))
      if case .call = route.work {
        let answer = try await self.call(call, function: parameters[0], path: String(path), query: target.count > 1 ? String(target[1]) : nil)
        return LocalAnswer(status: answer.status, headers: answer.headers.map { ($0.name, $0.value) }, body: answer.body)
      }
      try admit(call.caller, to: route)
      if route.stream != nil, EventStream.isWanted(HTTPHeaders(call.headers.map { ($0.name, $0.value) })) {
        throw RoostError(.badRequest, "A function cannot hold a stream open: ask for application/json, or use a trigger.")
      }
      guard call.body.count <= Limits.workerFrameBytesMax else { throw Problem.error(of: .tooLarge, bytesMax: Limits.workerFrameBytesMax) }
      let call = Call(
        environment: environment, method: method, parameters: parameters,
        query: QueryParameters(target.count > 1 ? String(target[1]) : nil),
        headers: HTTPHeaders(call.headers.map { ($0.name, $0.value) }), caller: call.caller, body: call.body, lane: offLane,
        remoteAddress: "",
        now: environment.clock.now())
      response = try await answer(route, call)
    } catch let error as MethodNotAllowed {
      response = problem(error.error, requestID: requestID)
    } catch {
      response = problem(error, requestID: requestID)
    }
    return LocalAnswer(status: response.status, headers: response.headers.map { ($0.name, $0.value) }, body: response.body)
  }

  private func match(_ method: HTTPMethod, _ path: String) throws -> (Route, parameters: [String]) {
    switch routes.match(method, path) {
    case .route(let route, let parameters): return (route, parameters)
    case .methodNotAllowed(let allowed): throw MethodNotAllowed(method: method, allowed: allowed)
    case .badPath: throw RoostError(.badRequest, "The path has a broken percent escape or text that is not UTF-8.")
    case .notFound: throw RoostError(.notFound, "There is nothing at this address.")
    }
  }

  private func admit(_ caller: Caller, to route: Route) throws {
    let isAdmitted =
      switch route.access {
      case .anyone: true
      case .trusted: caller.passesRules
      case .admin: caller.isAdmin
      }
    guard !isAdmitted else { return }
    throw caller.isAnonymous
      ? RoostError(.unauthenticated, "This is for admins. Sign in at /v1/admin/login and send the token as `Authorization: Bearer …`.")
      : RoostError(.forbidden, "This is for admins.")
  }

  /// The hot operations: no task, no hop.
  private func performDirect(
    _ work: @escaping @Sendable (Call, @escaping Route.Respond) throws -> Void, parameters: [String], caller: Caller, exchange: HTTPExchange
  ) {
    let requestID = exchange.request.requestId
    withBody(of: exchange) { [self] body in
      do {
        let call = call(exchange.request, parameters: parameters, caller: caller, body: body, lane: exchange.request.lane)
        try work(call) { [self] result in exchange.respond(response(result, requestID: requestID)) }
      } catch {
        exchange.respond(problem(error, requestID: requestID))
      }
    }
  }

  /// What awaits: everything else, and the first request of a token that the store must be asked about.
  private func performInTask(_ route: Route, parameters: [String], who: Authenticator.Outcome, exchange: HTTPExchange) {
    exchange.task { [self] in
      let request = exchange.request
      do {
        let caller = try await caller(who)
        try admit(caller, to: route)
        switch route.work {
        case .direct, .async:
          let body = try await collectedBody(of: exchange)
          exchange.respond(try await answer(route, call(request, parameters: parameters, caller: caller, body: body, lane: offLane)))
        case .upload(let work):
          let call = call(request, parameters: parameters, caller: caller, body: [], lane: offLane)
          exchange.respond(try await work(call, .stream(exchange.body, length: request.hasBody ? request.contentLength : 0)))
        case .stream(let work):
          try await stream(work(call(request, parameters: parameters, caller: caller, body: [], lane: offLane)), to: exchange)
        case .call: break
        case .download(let work):
          try await send(work(call(request, parameters: parameters, caller: caller, body: [], lane: offLane)), to: exchange)
        }
      } catch let error as HTTPResponseError {
        // The client is gone, or the answer broke off: nobody is left to tell.
        environment.report(error, request.requestId)
      } catch {
        exchange.respond(problem(error, requestID: request.requestId))
      }
    }
  }

  func caller(_ who: Authenticator.Outcome) async throws -> Caller {
    switch who {
    case .caller(let caller): caller
    case .unknown(let token): try await environment.authenticator.look(up: token)
    }
  }

  /// - Parameter lane: `offLane` away from the event loop, whose read snapshot is only its own.
  private func call(_ request: HTTPRequest, parameters: [String], caller: Caller, body: [UInt8], lane: Int) -> Call {
    Call(
      environment: environment, method: request.method, parameters: parameters, query: QueryParameters(request.query),
      headers: request.headers,
      caller: caller, body: body, lane: lane, remoteAddress: request.remoteAddress, now: environment.clock.now())
  }

  private func withBody(of exchange: HTTPExchange, _ take: @escaping @Sendable ([UInt8]) -> Void) {
    guard exchange.request.hasBody else { return take([]) }
    exchange.collectBody(max: Limits.jsonBodyBytesMax) { [self] result in
      switch result {
      case .success(let body): take(body)
      case .failure(let error):
        exchange.respond(problem(Problem.error(of: error, bytesMax: Limits.jsonBodyBytesMax), requestID: exchange.request.requestId))
      }
    }
  }

  func collectedBody(of exchange: HTTPExchange, bytesMax: Int = Limits.jsonBodyBytesMax) async throws -> [UInt8] {
    guard exchange.request.hasBody else { return [] }
    return try await withCheckedThrowingContinuation { continuation in
      exchange.hop {
        exchange.collectBody(max: bytesMax) { result in
          continuation.resume(with: result.mapError { Problem.error(of: $0, bytesMax: bytesMax) })
        }
      }
    }
  }

  private func send(_ download: Download, to exchange: HTTPExchange) async throws {
    guard let content = download.content else {
      return exchange.respond(HTTPResponse(status: download.status, headers: download.headers))
    }
    try await exchange.respondFile(
      status: download.status, headers: download.headers, fileDescriptor: content.descriptor, offset: Int(content.offset),
      length: Int(content.length))
  }

  private func stream(_ body: StreamedBody, to exchange: HTTPExchange) async throws {
    do {
      try await body.send(to: exchange)
    } catch  where !(error is CancellationError) && !(error is HTTPResponseError) {
      // The answer has begun, so that only the operator can be told.
      environment.report(error, exchange.request.requestId)
    }
  }

  private func answer(_ route: Route, _ call: Call) async throws -> HTTPResponse {
    switch route.work {
    case .direct(let work):
      return try await withCheckedThrowingContinuation { continuation in
        do {
          try work(call) { continuation.resume(with: $0) }
        } catch {
          continuation.resume(throwing: error)
        }
      }
    case .async(let work): return try await work(call)
    case .upload(let work): return try await work(call, .bytes(call.body))
    case .stream(let work): return try await work(call).collected(bytesMax: Limits.workerFrameBytesMax / 2)
    case .download(let work): return try await work(call).collected(bytesMax: Limits.workerFrameBytesMax / 2)
    case .call: throw RoostError(.internal, "A call took the way of other requests.")
    }
  }

  private func response(_ result: Result<HTTPResponse, any Error>, requestID: String) -> HTTPResponse {
    switch result {
    case .success(let response): response
    case .failure(let error): problem(error, requestID: requestID)
    }
  }

  /// Anything that is not our own error is `internal`: a fixed sentence to the caller, the cause to the operator.
  func problem(_ error: any Error, requestID: String) -> HTTPResponse {
    if let repeated = error as? AlreadyAnswered {
      do { return try KeptAnswer.response(repeated.answer) } catch { return problem(error, requestID: requestID) }
    }
    if let refusal = error as? Refusal {
      var response = Problem.response(refusal.error, requestID: requestID)
      for (name, value) in refusal.headers { response.headers.set(name, value) }
      return response
    }
    if let error = error as? RoostError, error.code != .internal { return Problem.response(error, requestID: requestID) }
    environment.report(error, requestID)
    return Problem.response(
      RoostError(.internal, "Something went wrong inside the server. The operator finds the cause under this request id."),
      requestID: requestID)
  }

  func methodNotAllowed(_ error: MethodNotAllowed, _ request: HTTPRequest) -> HTTPResponse {
    let allow = error.allowed.map(\.description).sorted().joined(separator: ", ")
    if request.method == .options { return HTTPResponse(status: 204, headers: ["Allow": allow]) }
    var response = Problem.response(error.error, requestID: request.requestId)
    response.headers.set("Allow", allow)
    return response
  }
}

struct MethodNotAllowed: Error {
  let method: HTTPMethod
  let allowed: [HTTPMethod]

  var error: RoostError {
    RoostError(
      .methodNotAllowed,
      "This address does not take \(method.description.prefix(20)). It takes \(allowed.map(\.description).sorted().joined(separator: ", "))."
    )
  }
}
