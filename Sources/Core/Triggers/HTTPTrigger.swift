import CEL
import JSON

/// Runs a function when `/v1/call/{function}/…` is called, and hands its answer to the caller.
package struct HTTPTrigger: Sendable {
  /// Every method that a trigger may name, in the order in which they are told to callers.
  package static let methodsKnown = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

  /// HEAD is among them wherever GET is.
  package let methods: Set<String>
  package let path: CallPath
  /// Who may call. Absent: admins, API keys and other functions only.
  package let access: Rule
  /// Answers go out as they are, so that pages have the API's own origin. Otherwise browsers shut them in.
  package let isSite: Bool
  /// Whether the `Authorization` header is the function's own matter. Otherwise it is Roost's, and the function never sees it.
  package let ownsAuthorization: Bool
  package let value: JSONValue
  /// The collections that the access rule looks documents up in.
  package let lookedUp: [(collection: String, pointer: String)]

  init(_ value: JSONValue, pointer: String) throws {
    var reader = try ConfigurationReader(value, of: "http trigger", at: pointer)
    reader.accept("type")
    let names = try reader.array("methods")
    methods = try Self.methods(names ?? Self.methodsKnown.map(JSONValue.string), pointer: pointer + "/methods")
    let pathText = try reader.string("path")
    path = try CallPath(pathText ?? "/{path...}", pointer: pointer + "/path")
    let rule = try reader.value("access")
    access = try Rule(rule, .callRule, pointer: pointer + "/access")
    isSite = try reader.bool("site") ?? false
    let authorization = try reader.string("authorization") ?? "roost"
    guard ["roost", "function"].contains(authorization) else {
      throw RoostError(
        .validationFailed, "An http trigger says whose the `Authorization` header is.",
        fields: [FieldError(pointer + "/authorization", "expected \"roost\" or \"function\"")])
    }
    ownsAuthorization = authorization == "function"
    try reader.refuseUnknown()
    lookedUp = access.lookedUp(at: pointer + "/access")
    self.value = [
      "type": "http", "methods": names.map(JSONValue.array) ?? .null, "path": pathText.map(JSONValue.string) ?? .null,
      "access": access.expression.map { .string($0.source) } ?? .null, "site": .bool(isSite), "authorization": .string(authorization),
    ]
  }

  private static func methods(_ names: [JSONValue], pointer: String) throws -> Set<String> {
    var methods: Set<String> = []
    for (position, name) in names.enumerated() {
      guard let name = name.stringValue, methodsKnown.contains(name) else {
        throw RoostError(
          .validationFailed, "An http trigger names its methods.",
          fields: [FieldError("\(pointer)/\(position)", "expected one of \(methodsKnown.joined(separator: ", "))")])
      }
      methods.insert(name)
    }
    guard !methods.isEmpty else {
      throw RoostError(.validationFailed, "An http trigger names its methods.", fields: [FieldError(pointer, "expected at least one")])
    }
    // RFC 9110, section 9.3.2: HEAD is GET without the content.
    if methods.contains("GET") { methods.insert("HEAD") }
    return methods
  }

  /// Whether a caller may call. `nil` lookups where the rule looks nothing up.
  package func admits(_ caller: Caller, _ variables: RuleVariables, _ lookups: RuleLookups?) throws -> Bool {
    if caller.passesRules { return true }
    let isAllowed = access.allows(RuleContext(variables, lookups: lookups))
    try lookups?.requireComplete()
    return isAllowed
  }
}
