import CEL
import JSON

/// What expressions know of a request: `auth`, `request` and `params`. Made once a request.
package struct RuleVariables: Sendable {
  package let auth: CELValue
  package let request: CELValue
  package let params: CELValue

  package init(caller: Caller, request: RuleRequest, params: JSONObject = [:]) {
    if case .user(let user) = caller {
      auth = CELValue(user.ruleValue)
    } else {
      auth = .null
    }
    self.request = CELValue(request.ruleValue)
    self.params = CELValue(.object(params))
  }
}

/// `request` in expressions.
package struct RuleRequest: Sendable {
  package let method: String
  package let ip: String
  package let time: Timestamp
  package let query: [String: String]

  package init(method: String, ip: String, time: Timestamp, query: [String: String]) {
    self.method = method
    self.ip = ip
    self.time = time
    self.query = query
  }

  var ruleValue: JSONValue {
    var query = JSONObject()
    for (name, value) in self.query { query[name] = .string(value) }
    return ["method": .string(method), "ip": .string(ip), "time": .string(time.text), "query": .object(query)]
  }
}
