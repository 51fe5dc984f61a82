import Core
import HTTPServer
import JSON

/// One request as an operation sees it: routed, authenticated, its JSON body there. Made from an HTTP exchange or by a function
/// inside the server. A class, because handing it on must cost one count and not one for each part.
final class Call: Sendable {
  let environment: APIEnvironment
  let method: HTTPMethod
  /// The decoded values of the route's `{…}` segments, in order.
  let parameters: [String]
  let query: QueryParameters
  let headers: HTTPHeaders
  let caller: Caller
  let body: [UInt8]
  let lane: Int
  let remoteAddress: String
  let now: Timestamp

  init(
    environment: APIEnvironment, method: HTTPMethod, parameters: [String], query: QueryParameters, headers: HTTPHeaders, caller: Caller,
    body: [UInt8],
    lane: Int, remoteAddress: String, now: Timestamp
  ) {
    self.environment = environment
    self.method = method
    self.parameters = parameters
    self.query = query
    self.headers = headers
    self.caller = caller
    self.body = body
    self.lane = lane
    self.remoteAddress = remoteAddress
    self.now = now
  }

  var project: Project { environment.project }

  var variables: RuleVariables { variables(of: caller) }

  func variables(of caller: Caller, params: JSONObject = [:]) -> RuleVariables {
    RuleVariables(
      caller: caller,
      request: RuleRequest(
        method: method.description, ip: remoteAddress, time: now, query: { [query] in (try? query.all()) ?? [] },
        headers: { [headers] in headers.map { ($0.name, $0.value) } }, trace: { [headers] in Self.trace(headers) }),
      params: params)
  }

  /// What stands in the events that this request causes.
  var actor: EventActor { EventActor(caller, trace: trace) }

  /// The request's W3C trace context.
  var trace: String? { Self.trace(headers) }

  private static func trace(_ headers: HTTPHeaders) -> String? { headers["traceparent"].flatMap(TraceParent.forwarded) }

  var origin: Origin { Origin(address: remoteAddress, userAgent: headers["User-Agent"] ?? "") }

  /// The body as a JSON object. Throws `invalid_json` or `unsupported_media_type`.
  func object() throws -> JSONObject {
    try MediaType.requireJSON(headers["Content-Type"])
    do {
      guard let object = try JSONValue(parsing: body, depthMax: Limits.jsonDepthMax).objectValue else {
        throw RoostError(.invalidJSON, "The body is JSON, but not an object.")
      }
      return object
    } catch let error as JSONError {
      throw RoostError(.invalidJSON, "The body is not valid JSON: \(error.message) (line \(error.line), column \(error.column)).")
    }
  }

  func value() throws -> JSONValue { .object(try object()) }

  /// The signed-in user. Throws `unauthenticated` for anybody else.
  func user() throws -> UserIdentity {
    guard case .user(let user) = caller else {
      throw RoostError(.unauthenticated, "Sign in as a user for this: send `Authorization: Bearer <access token>`.")
    }
    return user
  }
}

/// What operations work with. One for each project.
package final class APIEnvironment: Sendable {
  package let project: Project
  package let accounts: Accounts
  package let authenticator: Authenticator
  package let functions: any FunctionRuntime
  package let live: LiveQueries
  package let clock: any WallClock
  /// What /healthz says besides `ok`: version, sandbox level.
  package let about: @Sendable () -> JSONObject
  /// False while starting or draining.
  package let isReady: @Sendable () -> Bool
  /// Takes the cause of an `internal` error, with the request's id: for the operator, never for the caller.
  package let report: @Sendable (_ error: any Error, _ requestID: String) -> Void
  let bulkTransfers = BulkTransfers()
  let functionUploads = FunctionUploads()
  let requests = RequestMetrics()

  package init(
    project: Project, accounts: Accounts, authenticator: Authenticator, functions: any FunctionRuntime, live: LiveQueries, clock: any WallClock,
    about: @escaping @Sendable () -> JSONObject, isReady: @escaping @Sendable () -> Bool,
    report: @escaping @Sendable (_ error: any Error, _ requestID: String) -> Void
  ) {
    self.project = project
    self.accounts = accounts
    self.authenticator = authenticator
    self.functions = functions
    self.live = live
    self.clock = clock
    self.about = about
    self.isReady = isReady
    self.report = report
  }
}
