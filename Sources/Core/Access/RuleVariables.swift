import CEL
import JSON

/// What expressions know of a request: `auth`, `request` and `params`. Cheap to make; `request` is built only when a rule asks.
package struct RuleVariables: Sendable {
  package let auth: CELValue
  package let params: CELValue
  private static let noParams = CELValue(.object([:]))
  private let ruleRequest: RuleRequest

  package init(caller: Caller, request: RuleRequest, params: JSONObject = [:]) {
    if case .user(let user) = caller {
      auth = CELValue(user.ruleValue)
    } else {
      auth = .null
    }
    ruleRequest = request
    self.params = params.isEmpty ? Self.noParams : CELValue(.object(params))
  }

  package var request: CELValue { CELValue(ruleRequest.ruleValue) }
}

/// `request` in expressions.
package struct RuleRequest: Sendable {
  package let method: String
  package let ip: String
  package let time: Timestamp
  /// Decoded names and values, when a rule asks for them.
  package let query: @Sendable () -> [(name: String, value: String)]

  package init(method: String, ip: String, time: Timestamp, query: @escaping @Sendable () -> [(name: String, value: String)]) {
    self.method = method
    self.ip = ip
    self.time = time
    self.query = query
  }

  var ruleValue: JSONValue {
    var query = JSONObject()
    for (name, value) in self.query() { query[name] = .string(value) }
    return ["method": .string(method), "ip": .string(ip), "time": .string(time.text), "query": .object(query)]
  }
}
