import Core
import HTTPServer
import JSON

/// `/v1/call/{function}[/{path…}]`, every method: a function answers.
enum CallFunction {
  static let prefix = "/v1/call/"

  static let routes: [Route] = ["/v1/call/{function}", "/v1/call/{function}/{path…}"].flatMap { pattern in
    HTTPTrigger.methodsKnown.filter { $0 != "HEAD" }.map { Route(method: HTTPMethod($0), pattern: pattern, access: .anyone, work: .call) }
  }

  /// What its trigger says about a call.
  struct Admitted: Sendable {
    /// The one whose trigger this is.
    let version: Int64
    let trigger: HTTPTrigger
    let caller: Caller
    let params: [(name: String, value: String)]
  }

  /// Finds the trigger and asks its rule. Throws `function_not_found`, `not_found`, `method_not_allowed`, `unauthenticated`, `forbidden`, and what
  /// `authenticate` throws.
  static func admit(_ call: CalledRequest, to environment: APIEnvironment, authenticate: (HTTPTrigger) async throws -> Caller) async throws -> Admitted {
    guard let function = try await environment.functions.deployed(call.function) else { throw missing(call) }
    // Before its rule is asked: each version has its own.
    guard let version = function.version(named: call.version), let definition = function.definition(of: version) else {
      throw RoostError(.notFound, "The function '\(call.function.prefix(80))' has no version or alias '\((call.version ?? "").prefix(80))' in use.")
    }
    guard !definition.httpTriggers.isEmpty else { throw missing(call) }
    let (trigger, params) = try match(call, definition.httpTriggers.map(\.trigger))
    let caller = try await authenticate(trigger)
    guard caller.triggerDepth <= Limits.triggerDepthMax else {
      throw RoostError(.forbidden, "This call is the end of a chain of more than \(Limits.triggerDepthMax) functions that call one another.")
    }
    let admitted = Admitted(version: version, trigger: trigger, caller: caller, params: params)
    if !caller.passesRules { try await requireAccess(call, admitted, environment) }
    return admitted
  }

  /// Hands an admitted call to its function, and answers with the trigger that let it in. Where its version went meanwhile, another's rule is asked.
  static func reply(
    to call: CalledRequest, _ first: Admitted, body: [UInt8], _ environment: APIEnvironment, authenticate: (HTTPTrigger) async throws -> Caller
  ) async throws -> (CallReply, HTTPTrigger) {
    var admitted = first
    for _ in 0..<Limits.callVersionsTriedMax {
      do {
        return (try await environment.functions.call(invocation(call, admitted, body: body)), admitted.trigger)
      } catch is VersionGone {
        admitted = try await admit(call, to: environment, authenticate: authenticate)
      }
    }
    throw RoostError(.unavailable, "The function '\(call.function.prefix(80))' is being deployed.", retryAfter: .seconds(1))
  }

  private static func missing(_ call: CalledRequest) -> RoostError {
    RoostError(.functionNotFound, "There is no function '\(call.function.prefix(80))' that can be called.")
  }

  /// The first trigger whose path and method fit.
  private static func match(_ call: CalledRequest, _ triggers: [HTTPTrigger]) throws -> (HTTPTrigger, params: [(name: String, value: String)]) {
    var allowed: Set<String> = []
    for trigger in triggers {
      guard let params = trigger.path.match(call.segments) else { continue }
      if trigger.methods.contains(call.method.description) { return (trigger, params) }
      allowed.formUnion(trigger.methods)
    }
    guard !allowed.isEmpty else { throw RoostError(.notFound, "The function '\(call.function.prefix(80))' takes no calls at this address.") }
    throw MethodNotAllowed(method: call.method, allowed: allowed.union(["OPTIONS"]).map { HTTPMethod($0) })
  }

  private static func requireAccess(_ call: CalledRequest, _ admitted: Admitted, _ environment: APIEnvironment) async throws {
    let query = try call.query.all()
    let request = RuleRequest(
      method: call.method.description, ip: call.remoteAddress, time: call.now, query: { query }, headers: { [headers = call.headers] in headers.map { $0 } })
    let params = JSONObject(admitted.params.map { ($0.name, JSONValue.string($0.value)) })
    let variables = RuleVariables(caller: admitted.caller, request: request, params: params)
    let isAllowed: Bool
    if admitted.trigger.access.looksUp {
      isAllowed = try await environment.project.documents.read { reader in
        try admitted.trigger.admits(admitted.caller, variables, RuleLookups(reader))
      }
    } else {
      isAllowed = try admitted.trigger.admits(admitted.caller, variables, nil)
    }
    guard isAllowed else { throw RoostError.denied("call this function", caller: admitted.caller) }
  }

  /// What the function gets.
  private static func invocation(_ call: CalledRequest, _ admitted: Admitted, body: [UInt8]) throws -> DirectInvocation {
    let request = CallRequest(
      id: call.id, method: call.method.description, url: call.url, path: call.path, query: call.rawQuery, parameters: try call.query.all(),
      params: admitted.params, headers: CallHeaders.forFunction(call.headers, withAuthorization: admitted.trigger.ownsAuthorization), body: body,
      auth: admitted.caller.callAuth, remoteAddress: call.remoteAddress, time: call.now)
    return DirectInvocation(
      function: call.function, event: request.json(), eventType: CallRequest.eventType, eventSubject: "\(call.method) \(call.path)",
      depth: admitted.caller.triggerDepth, version: admitted.version)
  }
}

/// One call as it came in.
struct CalledRequest: Sendable {
  let id: String
  let function: String
  /// An alias, or a version that is in use, where the address says `{function}@{version}`.
  let version: String?
  let method: HTTPMethod
  /// Behind the function's name, as it was sent; `/` where there is nothing.
  let path: String
  /// The same, decoded; without an empty one at the end.
  let segments: [String]
  let rawQuery: String
  let headers: HTTPHeaders
  let remoteAddress: String
  let url: String
  let now: Timestamp

  var query: QueryParameters { QueryParameters(rawQuery) }

  /// - Parameter path: of the request, as it was sent.
  init(
    id: String, function: String, method: HTTPMethod, path: String, query: String?, headers: HTTPHeaders, remoteAddress: String, now: Timestamp
  ) throws {
    self.id = id
    let name = function.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    self.function = name.first.map(String.init) ?? ""
    version = name.count > 1 ? String(name[1]) : nil
    self.method = method
    let behind = path.utf8.dropFirst(CallFunction.prefix.utf8.count).drop { $0 != UInt8(ascii: "/") }
    self.path = behind.isEmpty ? "/" : String(Substring(behind))
    try Self.requireOneReading(of: self.path)
    segments = try Self.segments(of: self.path)
    rawQuery = query ?? ""
    self.headers = headers
    self.remoteAddress = remoteAddress
    // What the caller wrote, behind a proxy too: some services sign the address.
    let scheme = headers["X-Forwarded-Proto"] == "https" ? "https" : "http"
    url = scheme + "://" + (headers["Host"] ?? "localhost") + path + (query.map { "?" + $0 } ?? "")
    self.now = now
  }

  /// Decoded; without an empty one at the end.
  static func segments(of path: some StringProtocol) throws -> [String] {
    var segments = try path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { segment in
      guard let decoded = percentDecoded(segment) else { throw RoostError(.badRequest, "The path has a broken percent escape or text that is not UTF-8.") }
      return decoded
    }
    if segments.contains(where: { $0 == "." || $0 == ".." }) { throw RoostError(.badRequest, "The path has a segment '.' or '..': leave it out.") }
    if segments.last == "" { segments.removeLast() }
    return segments
  }

  /// The rule is asked about segments, and functions read addresses (`new URL(request.url)`): both must find the same path in them
  /// (https://url.spec.whatwg.org/#url-parsing).
  private static func requireOneReading(of path: String) throws {
    guard !path.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "#") }) else {
      throw RoostError(.badRequest, "The path has a character that no path has (RFC 3986): write it percent-encoded.")
    }
  }
}

extension Caller {
  /// Who calls, as functions see it: never a token.
  fileprivate var callAuth: JSONValue? {
    guard case .user(let user) = self else { return eventAuth }
    return [
      "type": "user", "id": .string(user.id), "email": user.email.map(JSONValue.string) ?? .null, "emailVerified": .bool(user.emailVerified),
      "roles": .array(user.roles.map(JSONValue.string)),
    ]
  }
}
