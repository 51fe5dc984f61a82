import AsyncHTTPClient
import JSON

/// One call, without what every call has.
struct ClientRequest {
  enum Method { case get, post, put, patch, delete }

  var method: Method
  var path: String
  var body: JSONValue?
  var headers: [(name: String, value: String)] = []
}

extension RoostClient {
  /// The answer's JSON, null where it has no body.
  @discardableResult
  func send(
    _ method: ClientRequest.Method, _ path: [String], query: [(String, String?)] = [], body: JSONValue? = nil, ifVersion: Int64? = nil
  )
    async throws -> JSONValue
  {
    var request = ClientRequest(method: method, path: try PathText.join(path) + PathText.query(query), body: body)
    if let ifVersion { request.headers.append(ifVersion == 0 ? ("If-None-Match", "*") : ("If-Match", "\"\(ifVersion)\"")) }
    return try await send(request)
  }

  func send(_ call: ClientRequest) async throws -> JSONValue {
    var request = self.request(call)
    if let body = call.body {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(body.bytes())
    }
    let bytes = try await translatingErrors {
      let response = try await http.execute(request, timeout: .nanoseconds(answerTime.nanoseconds))
      try await requireSuccess(response)
      return try await collect(response, bytesMax: ClientLimits.answerBytesMax)
    }
    guard !bytes.isEmpty else { return .null }
    do {
      // Deeper than a body may be: documents stand inside lists and events.
      return try JSONValue(parsing: bytes, depthMax: 128)
    } catch {
      throw RoostClientError(
        code: .answerInvalid, detail: "The answer is not JSON (\(error)): another server, or a proxy, answers at \(server).")
    }
  }

  func request(_ call: ClientRequest) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: server.text + call.path)
    switch call.method {
    case .get: request.method = .GET
    case .post: request.method = .POST
    case .put: request.method = .PUT
    case .patch: request.method = .PATCH
    case .delete: request.method = .DELETE
    }
    request.headers.add(name: "Accept", value: "application/json")
    request.headers.add(name: "User-Agent", value: "roost-client")
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    for (name, value) in call.headers { request.headers.add(name: name, value: value) }
    return request
  }

  func requireSuccess(_ response: HTTPClientResponse) async throws {
    let status = Int(response.status.code)
    guard !(200..<300).contains(status) else { return }
    // Whatever cannot be read of a refusal does not hide that it is one.
    let body = (try? await collect(response, bytesMax: ClientLimits.problemBytesMax)) ?? []
    throw RoostClientError(
      status: status, body: body, requestID: response.headers.first(name: "X-Request-Id"),
      retryAfter: response.headers.first(name: "Retry-After").flatMap { Int($0) })
  }

  private func collect(_ response: HTTPClientResponse, bytesMax: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await chunk in response.body {
      guard bytes.count + chunk.readableBytes <= bytesMax else {
        throw RoostClientError(
          code: .answerTooLarge, detail: "The answer is larger than \(bytesMax) bytes. Ask for less at once (`limit`, `fields`).")
      }
      bytes.append(contentsOf: chunk.readableBytesView)
    }
    return bytes
  }

  /// What the HTTP library throws, in words that tell what to do.
  func translatingErrors<Value>(_ work: () async throws -> Value) async throws -> Value {
    do {
      return try await work()
    } catch let error as RoostClientError {
      throw error
    } catch let error as CancellationError {
      throw error
    } catch let error as HTTPClientError {
      switch error {
      case .deadlineExceeded, .readTimeout, .writeTimeout:
        throw RoostClientError(code: .timeout, detail: "The server at \(server) did not answer in time.")
      case .connectTimeout, .getConnectionFromPoolTimeout:
        throw RoostClientError(
          code: .unreachable, detail: "The server at \(server) does not answer: no connection within \(ClientLimits.connectTime).")
      case .remoteConnectionClosed:
        throw RoostClientError(code: .unreachable, detail: "The server at \(server) closed the connection without an answer.")
      case .cancelled where Task.isCancelled:
        throw CancellationError()
      default:
        throw RoostClientError(code: .answerInvalid, detail: "The exchange with \(server) broke: \(error.shortDescription).")
      }
    } catch {
      throw RoostClientError(code: .unreachable, detail: "The server at \(server) cannot be reached: \(Self.cause(of: error)).")
    }
  }

  /// NIO's connection errors describe every attempt at length; the last clause is what a person can use.
  private static func cause(of error: any Error) -> String {
    let text = String(String(describing: error).prefix(2000))
    for (sign, meaning) in [
      ("ECONNREFUSED", "nothing listens there"), ("Connection refused", "nothing listens there"), ("errno: 111", "nothing listens there"),
      ("ENETUNREACH", "no network leads there"), ("EHOSTUNREACH", "no network leads there"), ("errno: 113", "no network leads there"),
      ("errno: 101", "no network leads there"), ("EAI", "its name is not known"), ("unknown(host", "its name is not known"),
      ("CERTIFICATE", "its certificate is not trusted"), ("handshake", "it does not speak TLS as expected"),
      ("WRONG_VERSION", "it does not speak TLS"),
      ("reset", "the connection was reset"),
    ] where text.contains(sign) {
      return meaning
    }
    return String(text.prefix(200))
  }
}
