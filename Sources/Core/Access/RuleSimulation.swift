import CEL
import JSON

/// What a collection's rules are asked about.
package enum RuleOperation: String, CaseIterable, Sendable {
  case read, create, update, delete
}

/// Asks a collection's rules about a request that nobody made. The decision is the one that a real request gets: it runs through
/// ``DocumentAccess``.
package struct RuleSimulation {
  package typealias Finding = (_ collection: String, _ id: String) throws -> DocumentRecord?

  private let access: DocumentAccess
  private let operation: RuleOperation
  private let document: DocumentRecord?
  private let incoming: DocumentRecord?
  private let reader: SimulatedReader
  private let now: Timestamp

  /// - Parameters:
  ///   - auth: null for a stranger, or an object with `id` and whatever else of `auth` the rules look at.
  ///   - document: as it is there; needed but for create.
  ///   - incoming: as it would be; needed for create and update.
  ///   - request: what is to stand in `request`.
  ///   - documents: what `lookup` finds, by collection and id, before it asks `found`.
  /// Throws `validation_failed` naming what is missing or wrong.
  package init(
    collection: Collection, operation: RuleOperation, auth: JSONValue, document: JSONObject?, incoming: JSONObject?,
    request: JSONObject, documents: JSONObject, at now: Timestamp, found: @escaping Finding
  ) throws {
    let caller = try Self.caller(auth)
    let variables = RuleVariables(auth: try Self.auth(auth), request: try RuleRequest(simulated: request, at: now))
    access = DocumentAccess(collection: collection, caller: caller, variables: variables)
    self.operation = operation
    self.now = now
    func needed(_ object: JSONObject?, _ name: String) throws -> DocumentRecord {
      guard let object else {
        throw RoostError(.validationFailed, "Simulating '\(operation.rawValue)' needs `\(name)`.", fields: [FieldError("/\(name)", "expected an object")])
      }
      return try DocumentRecord(simulated: object, id: nil, at: now, pointer: "/\(name)")
    }
    self.document = operation == .create ? nil : try needed(document, "document")
    self.incoming = operation == .create || operation == .update ? try needed(incoming, "incoming") : nil
    for (collection, byID) in documents {
      let pointer = "/documents/\(collection.pointerSegment)"
      guard let byID = byID.objectValue else {
        throw RoostError(.validationFailed, "`documents` are by collection and id.", fields: [FieldError(pointer, "expected an object")])
      }
      for (id, document) in byID where document.objectValue == nil {
        throw RoostError(
          .validationFailed, "A document is an object.", fields: [FieldError("\(pointer)/\(id.pointerSegment)", "expected an object")])
      }
    }
    reader = SimulatedReader(documents, at: now, found)
  }

  /// Throws what is wrong with the request itself, such as `validation_failed` for a document that breaks the schema.
  package func verdict() throws -> RuleVerdict {
    let lookups = RuleLookups(reader)
    let isAllowed = try decide(lookups)
    let context = RuleContext(access.variables, document: document ?? incoming, incoming: incoming, lookups: lookups)
    let rules = access.collection.fieldRules
    let hidden = operation == .read && isAllowed ? rules.hidden(context) : []
    let denied = incoming.map { rules.denied(document?.body, $0.body, context) } ?? []
    var (rule, pointer) = (operationRule, "/rules/\(operation.rawValue)")
    if rule.allows(context), let name = denied.first, let field = rules.fields.first(where: { $0.name == name })?.write {
      (rule, pointer) = (field, "/fieldRules/\(name.pointerSegment)/write")
    }
    return RuleVerdict(
      allowed: isAllowed, rule: rule.expression?.source, pointer: pointer, decidedBy: rule.expression?.explain(context), hiddenFields: hidden,
      deniedFields: denied)
  }

  private func decide(_ lookups: RuleLookups) throws -> Bool {
    if operation == .read, let document { return try access.view(of: document, lookups) != nil }
    let body = incoming.map { DocumentBody(stored: sent($0.body, lookups)) }
    let id = document?.id ?? incoming?.id ?? ""
    let write =
      switch operation {
      case .create: try access.create(id: id, body: body ?? DocumentBody(value: [:]))
      case .update: try access.put(id: id, body: body ?? DocumentBody(value: [:]), condition: .none)
      case .read, .delete: try access.delete(id: id, condition: .none)
      }
    do {
      _ = try write.decide(WriteMoment(current: document, id: id, now: now, reader: reader))
      return true
    } catch let error as RoostError where [.forbidden, .unauthenticated, .notFound].contains(error.code) {
      return false
    }
  }

  /// What a caller sends so that the document becomes this: hidden fields that stay are not named.
  private func sent(_ body: [UInt8], _ lookups: RuleLookups) -> [UInt8] {
    guard let document, !access.collection.fieldRules.guarded.isEmpty else { return body }
    let hidden = access.collection.fieldRules.hidden(RuleContext(access.variables, document: document, lookups: lookups))
    return FieldRules.leavingOut(hidden, of: document.body, from: body)
  }

  private var operationRule: Rule {
    switch operation {
    case .read: access.collection.rules.read
    case .create: access.collection.rules.create
    case .update: access.collection.rules.update
    case .delete: access.collection.rules.delete
    }
  }

  // MARK: Who asks

  private static func caller(_ auth: JSONValue) throws -> Caller {
    guard !auth.isNull else { return .anonymous }
    guard let object = auth.objectValue, let id = object["id"]?.stringValue else {
      throw RoostError(.validationFailed, "`auth` is null or somebody with an id.", fields: [FieldError("/auth/id", "expected a string")])
    }
    return .user(UserIdentity(id: id, email: object["email"]?.stringValue, emailVerified: false, roles: [], sessionID: ""))
  }

  /// What is not said is as it is for somebody who has just registered.
  private static func auth(_ auth: JSONValue) throws -> CELValue {
    guard let object = auth.objectValue else { return .null }
    var whole: JSONObject = [
      "id": "", "email": nil, "emailVerified": false, "roles": [], "claims": [:], "anonymous": false, "provider": "password",
    ]
    for (name, value) in object {
      guard whole.contains(name) else {
        throw RoostError(
          .validationFailed, "`auth` has no '\(name.prefix(64))'.",
          fields: [FieldError("/auth/\(name.pointerSegment)", "expected one of \(whole.map(\.key).joined(separator: ", "))")])
      }
      whole[name] = value
    }
    return CELValue(.object(whole))
  }
}

/// What the rules said.
package struct RuleVerdict: Sendable {
  package let allowed: Bool
  /// The rule that decided, as it was written; nil where there is none, which denies.
  package let rule: String?
  /// The rule's place in the collection's configuration: the operation's, or a field's that denied.
  package let pointer: String
  /// Which part of the rule decided.
  package let decidedBy: CELExplanation?
  /// The fields that a reader would not see.
  package let hiddenFields: [String]
  /// The fields that may not be set so.
  package let deniedFields: [String]
}

/// Documents that were given, then those that are stored.
private final class SimulatedReader: DocumentReader {
  private let given: JSONObject
  private let now: Timestamp
  private let found: RuleSimulation.Finding

  init(_ given: JSONObject, at now: Timestamp, _ found: @escaping RuleSimulation.Finding) {
    self.given = given
    self.now = now
    self.found = found
  }

  func document(_ id: String, in collection: String) throws -> DocumentRecord? {
    guard let object = given[collection]?[id]?.objectValue else { return try found(collection, id) }
    return try DocumentRecord(simulated: object, id: id, at: now, pointer: "/documents/\(collection.pointerSegment)/\(id.pointerSegment)")
  }
}

extension DocumentRecord {
  /// A document as callers see it, our four fields included; those that it does not say are filled in.
  fileprivate init(simulated object: JSONObject, id: String?, at now: Timestamp, pointer: String) throws {
    func time(_ name: String) throws -> Timestamp {
      guard let value = object[name] else { return now }
      guard let time = value.stringValue.flatMap(CELTimestamp.init(text:)) else {
        throw RoostError(.validationFailed, "`\(name)` is a time.", fields: [FieldError("\(pointer)/\(name)", "expected RFC 3339 text")])
      }
      return Timestamp(milliseconds: time.milliseconds)
    }
    let id = object["id"] ?? .string(id ?? "simulated")
    guard let id = id.stringValue, Names.isValidID(id) else {
      throw RoostError(.validationFailed, "`id` is an id.", fields: [FieldError("\(pointer)/id", "expected an id as a string")])
    }
    var own = object
    for name in Self.reservedFields { own[name] = nil }
    self.init(
      id: id, version: object["version"]?.intValue ?? 1, created: try time("createdAt"),
      updated: try time("updatedAt"), body: JSONValue.object(own).bytes())
  }
}

extension RuleRequest {
  /// `{"method", "ip", "time", "query", "headers"}`, all of them optional.
  fileprivate init(simulated request: JSONObject, at now: Timestamp) throws {
    var reader = try ConfigurationReader(.object(request), of: "request")
    let (method, ip) = (try reader.string("method") ?? "GET", try reader.string("ip") ?? "127.0.0.1")
    let time = try reader.string("time")
    let (query, headers) = (try reader.object("query") ?? [:], try reader.object("headers") ?? [:])
    try reader.refuseUnknown()
    let parsed = time.flatMap(CELTimestamp.init(text:))
    guard time == nil || parsed != nil else {
      throw RoostError(.validationFailed, "`time` of a request is a time.", fields: [FieldError("/request/time", "expected RFC 3339 text")])
    }
    self.init(
      method: method, ip: ip, time: parsed.map { Timestamp(milliseconds: $0.milliseconds) } ?? now,
      query: { query.compactMap { name, value in value.stringValue.map { (name, $0) } } },
      headers: { headers.compactMap { name, value in value.stringValue.map { (name, $0) } } })
  }
}
