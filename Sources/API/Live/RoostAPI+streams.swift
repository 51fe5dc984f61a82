import Core
import HTTPServer

/// A request for a stream of events: on its event loop, its caller known.
struct StreamCall: Sendable {
  let call: Call
  let exchange: HTTPExchange
  /// What the stream rests on.
  let credential: LiveCredential
  /// Answers with an error instead.
  let refuse: @Sendable (any Error) -> Void
}

extension RoostAPI {
  /// The way of a request for events: who, then the operation, which keeps the connection.
  func open(_ stream: @escaping @Sendable (StreamCall) throws -> Void, parameters: [String], exchange: HTTPExchange) throws {
    let request = exchange.request
    guard !request.hasBody else { throw RoostError(.badRequest, "A request for events has no body.") }
    let query = QueryParameters(request.query)
    let authorization = try authorization(request, query)
    let authenticator = environment.authenticator
    // The token is for nobody further in: not for rules, not for the log.
    let rest = try query.without(Self.tokenParameter)
    let begin = { @Sendable [self] (caller: Caller) throws in
      let call = Call(
        environment: environment, method: request.method, parameters: parameters, query: rest, headers: request.headers, caller: caller, body: [],
        lane: request.lane, remoteAddress: request.remoteAddress, now: environment.clock.now())
      try stream(
        StreamCall(
          call: call, exchange: exchange, credential: try authenticator.credential(authorization: authorization),
          refuse: { [self] error in exchange.respond(problem(error, requestID: request.requestId)) }))
    }
    switch try authenticator.authenticate(authorization: authorization) {
    case .caller(let caller): try begin(caller)
    case .unknown(let token):
      exchange.answerComesLater()
      exchange.task { [self] in
        do {
          let caller = try await authenticator.look(up: token)
          exchange.hop {
            do { try begin(caller) } catch { exchange.respond(self.problem(error, requestID: request.requestId)) }
          }
        } catch {
          exchange.respond(problem(error, requestID: request.requestId))
        }
      }
    }
  }

  /// RFC 6750, section 2.3: browsers' EventSource sends no header of the caller's. Only here, where nothing but a stream is to be had.
  private static let tokenParameter = "access_token"

  private func authorization(_ request: HTTPRequest, _ query: QueryParameters) throws -> String? {
    let header = request.headers["Authorization"]
    let tokens = try query.all().filter { $0.name == Self.tokenParameter }.map(\.value)
    guard !tokens.isEmpty else { return header }
    // Section 2: "Clients MUST NOT use more than one method to transmit the token in each request."
    guard tokens.count == 1, header == nil else { throw RoostError(.badRequest, "The token came twice: send it in one way only.") }
    return "Bearer " + tokens[0]
  }
}
