import Core
import HTTPServer
import JSON

/// `GET /v1/functions/{function}/samples` and `POST …/test`: a function tried out with an event, now, once; for admins. What it does is real.
enum TestFunction {
  static let samples = Route.admin(.get, "/v1/functions/{function}/samples") { call in
    _ = try call.query.only([])
    let definition = try await definition(call)
    var items: [JSONValue] = []
    for (position, trigger) in definition.triggers.enumerated() {
      let event = SampleEvent.make(
        for: trigger.value, function: definition.name, project: call.project.name, document: try await document(for: trigger.value, call), at: call.now)
      items.append(["trigger": .int(Int64(position)), "type": trigger.value["type"] ?? "document", "event": event])
    }
    return .list(items)
  }

  static let test = Route.admin(.post, "/v1/functions/{function}/test") { call in
    let definition = try await definition(call)
    let event = try await event(call, definition)
    let type = event["type"]?.stringValue ?? "test"
    let answer = try await call.environment.functions.invoke(
      DirectInvocation(
        function: definition.name, event: event.bytes(), eventType: String(type.prefix(128)),
        eventSubject: String((event["subject"]?.stringValue ?? event["path"]?.stringValue ?? "").prefix(256)), depth: call.caller.triggerDepth,
        // Where somebody waits for the function, there are no steps in earnest either.
        isTrial: !type.hasPrefix("roost.document.before-") && !type.hasPrefix("roost.http.")))
    let value = try answer.value.map { try JSONValue(parsing: $0) }
    return .privateJSON(
      200,
      ["invocation": answer.invocation.value, "logs": .array(answer.logs.map(\.value)), "value": value ?? .null, "event": event])
  }

  private static func definition(_ call: Call) async throws -> FunctionDefinition {
    guard let function = try await call.environment.functions.deployed(call.parameters[0]) else {
      throw RoostError(.functionNotFound, "There is no function '\(call.parameters[0].prefix(80))'.")
    }
    return function.definition
  }

  /// `{"event": …}`, or a sample for `{"trigger": 0}` or `{"type": "http"}`; of a call over HTTP the event may have a few members only.
  private static func event(_ call: Call, _ definition: FunctionDefinition) async throws -> JSONValue {
    var reader = try ConfigurationReader(call.body.isEmpty ? [:] : call.value(), of: "test")
    let position = try reader.int("trigger", in: 0...1000)
    let type = try reader.string("type")
    let given = try reader.object("event")
    try reader.refuseUnknown(besides: [])
    let trigger = try trigger(position, type, of: definition)
    if let given, trigger["type"] != "http" || given["type"] != nil { return .object(given) }
    if let given { return SampleEvent.http(trigger, over: try addressed(given, trigger, of: definition), function: definition.name, at: call.now) }
    return SampleEvent.make(
      for: trigger, function: definition.name, project: call.project.name, document: try await document(for: trigger, call), at: call.now)
  }

  /// With the query behind its path and the values of the names in the trigger's path, as a call would have them.
  private static func addressed(_ given: JSONObject, _ trigger: JSONValue, of definition: FunctionDefinition) throws -> JSONObject {
    guard let whole = given["path"]?.stringValue else { return given }
    var given = given
    let parts = whole.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    given["path"] = .string(String(parts[0]))
    if parts.count == 2, given["query"] == nil {
      var query = JSONObject()
      for (name, value) in try QueryParameters(String(parts[1])).all() { query[name] = .string(value) }
      given["query"] = .object(query)
    }
    let known = definition.httpTriggers.map(\.trigger).first { $0.value == trigger }
    if given["params"] == nil, let params = try known?.path.match(CalledRequest.segments(of: parts[0])) {
      given["params"] = .object(JSONObject(params.map { ($0.name, .string($0.value)) }))
    }
    return given
  }

  private static func trigger(_ position: Int64?, _ type: String?, of definition: FunctionDefinition) throws -> JSONValue {
    let triggers = definition.triggers.map(\.value)
    if let position {
      guard triggers.indices.contains(Int(position)) else {
        throw RoostError(
          .validationFailed, "The function has no such trigger.", fields: [FieldError("/trigger", "expected a number below \(triggers.count)")])
      }
      return triggers[Int(position)]
    }
    guard let type else { return triggers.first ?? ["type": "event"] }
    guard SampleEvent.types.contains(type) else {
      throw RoostError(
        .validationFailed, "There is no such type of trigger.",
        fields: [FieldError("/type", "expected one of \(SampleEvent.types.joined(separator: ", "))")])
    }
    return triggers.first { ($0["type"]?.stringValue ?? "document") == type } ?? ["type": .string(type)]
  }

  /// The newest document of the trigger's collection: a better sample than a made-up one.
  private static func document(for trigger: JSONValue, _ call: Call) async throws -> JSONObject? {
    let name = trigger["type"] == "user" ? Collection.users : trigger["collection"]?.stringValue
    guard let name, let collection = try? call.project.collection(name) else { return nil }
    let query = DocumentQuery(filter: nil, variables: call.variables, sort: try SortKey.parse("-createdAt"), limit: 1, cursor: nil)
    return try await call.project.documents.page(query, in: collection).items.first.flatMap { try? JSONValue(parsing: $0.json()).objectValue }
  }
}
