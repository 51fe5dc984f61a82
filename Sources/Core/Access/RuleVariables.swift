import CEL
import JSON

/// What expressions know of a request: `auth`, `request` and `params`. Cheap to make; `request` is built only when a rule asks.
package struct RuleVariables: Sendable {
  package let auth: CELValue
  package let params: CELValue
  private static let noParams = CELValue(.object([:]))
  private let ruleRequest: RuleRequest

  package init(caller: Caller, request: RuleRequest, params: JSONObject = [:]) {
    let auth: CELValue = if case .user(let user) = caller { CELValue(user.ruleValue) } else { .null }
    self.init(auth: auth, request: request, params: params)
  }

  init(auth: CELValue, request: RuleRequest, params: JSONObject = [:]) {
    self.auth = auth
    ruleRequest = request
    self.params = params.isEmpty ? Self.noParams : CELValue(.object(params))
  }

  package var request: CELValue { ruleRequest.ruleValue }

  package var time: Timestamp { ruleRequest.time }

  /// The W3C trace context of the request. Looked for when somebody asks.
  package var trace: String? { ruleRequest.trace() }

  /// The same at another time.
  package func at(_ time: Timestamp) -> RuleVariables {
    let request = RuleRequest(
      method: ruleRequest.method, ip: ruleRequest.ip, time: time, query: ruleRequest.query, headers: ruleRequest.headers, trace: ruleRequest.trace)
    return RuleVariables(auth: auth, request: request, params: params)
  }

  /// The same with a filter's parameters.
  package func with(params: JSONObject) -> RuleVariables {
    RuleVariables(auth: auth, request: ruleRequest, params: params.isEmpty ? Self.noParams : CELValue(.object(params)))
  }

  private init(auth: CELValue, request: RuleRequest, params: CELValue) {
    self.auth = auth
    ruleRequest = request
    self.params = params
  }
}

/// `request` in expressions.
package struct RuleRequest: Sendable {
  package typealias Pairs = @Sendable () -> [(name: String, value: String)]

  package let method: String
  package let ip: String
  package let time: Timestamp
  /// Decoded names and values, when a rule asks for them.
  package let query: Pairs
  /// Headers, when a rule asks for them.
  package let headers: Pairs
  /// The `traceparent`, when an event is written.
  let trace: @Sendable () -> String?

  package init(
    method: String, ip: String, time: Timestamp, query: @escaping Pairs, headers: @escaping Pairs, trace: @escaping @Sendable () -> String? = { nil }
  ) {
    self.method = method
    self.ip = ip
    self.time = time
    self.query = query
    self.headers = headers
    self.trace = trace
  }

  /// Inside the server, where nothing was asked over HTTP.
  package init(time: Timestamp) {
    self.init(method: "", ip: "", time: time, query: { [] }, headers: { [] })
  }

  /// What proves who calls is for nobody's rule to read or to compare.
  private static let secretHeaders: Set<String> = ["authorization", "proxy-authorization", "cookie"]

  var ruleValue: CELValue {
    var query = JSONObject()
    for (name, value) in self.query() { query[name] = .string(value) }
    var headers = JSONObject()
    for (name, value) in self.headers() {
      let name = name.lowercased()
      if !Self.secretHeaders.contains(name) { headers[name] = .string(value) }
    }
    return .map(
      CELMap(fields: [
        ("method", .string(method)), ("ip", .string(ip)), ("time", CELTimestamp(milliseconds: time.milliseconds).map(CELValue.timestamp) ?? .null),
        ("query", CELValue(.object(query))), ("headers", CELValue(.object(headers))),
      ]))
  }
}
