import CEL
import JSON

/// What one caller follows in a collection: everything that they may see and that their filter lets through.
package struct LiveQuery: Sendable {
  package let access: DocumentAccess
  /// One document only.
  package let id: String?
  package let filter: CELExpression?
  /// The filter's parameters stand in it.
  package let variables: RuleVariables
  /// How it is told; part of what makes two queries one.
  package let presentation: String
  package let fingerprint: LiveFingerprint
  private let key: LiveCursorKey

  /// Throws `unauthenticated` or `forbidden` where there is no read rule at all.
  package init(access: DocumentAccess, id: String? = nil, filter: CELExpression?, params: JSONObject = [:], presentation: String, key: LiveCursorKey) throws {
    guard access.caller.passesRules || access.collection.rules.read.expression != nil else {
      throw RoostError.denied("follow '\(access.collection.name)'", caller: access.caller)
    }
    self.access = access
    self.id = id
    self.filter = filter
    variables = access.variables.with(params: params)
    self.presentation = presentation
    self.key = key
    fingerprint = Self.fingerprint(access, id, filter, params, presentation, key)
  }

  private init(_ other: LiveQuery, access: DocumentAccess, fingerprint: LiveFingerprint) {
    self.access = access
    id = other.id
    filter = other.filter
    variables = other.variables.at(access.variables.time)
    presentation = other.presentation
    key = other.key
    self.fingerprint = fingerprint
  }

  package var collection: Collection { access.collection }

  /// Whether it needs a reader, because rules look up other documents.
  package var looksUp: Bool { access.looksUp }

  /// Whether no change of the collection is hidden from the caller by a rule.
  package var seesEverything: Bool { access.caller.passesRules || access.collection.rules.read.isPublic }

  /// Whether rules or filter ask for the request: then it is like no other, and time moves on in it.
  package var asksForRequest: Bool { Self.expressions(access, filter).contains { $0.variables.contains("request") } }

  /// The same at a later time, for rules and filters that ask for it.
  package func at(_ now: Timestamp) -> LiveQuery {
    let access = DocumentAccess(collection: access.collection, caller: access.caller, variables: access.variables.at(now))
    return LiveQuery(self, access: access, fingerprint: fingerprint)
  }

  /// The same under the collection's present configuration, or nil where that lets see another thing.
  package func under(_ collection: Collection) -> LiveQuery? {
    guard collection.number == access.collection.number, Self.rules(of: collection, access.caller) == Self.rules(of: access.collection, access.caller)
    else { return nil }
    return LiveQuery(
      self, access: DocumentAccess(collection: collection, caller: access.caller, variables: access.variables), fingerprint: fingerprint)
  }

  /// A place in the log as this query's caller knows it.
  package func cursor(at sequence: Int64) -> String { LiveCursor(sequence: sequence, fingerprint: fingerprint).text(key) }

  // MARK: Judging changes

  /// What the change means for this caller; nil where they do not learn of it. Throws if a document that rules look up could not be read.
  package func outcome(of change: LoggedChange, _ lookups: RuleLookups?) throws -> LiveOutcome? {
    guard id == nil || id == change.id else { return nil }
    let before = try change.before.flatMap { try visible($0, lookups) }
    let after = try change.after.flatMap { try visible($0, lookups) }
    return switch (before, after) {
    case (nil, nil): nil
    case (nil, let after?): .added(after)
    case (_?, let after?): .modified(after)
    case (_?, nil): .removed
    }
  }

  /// The document as the caller sees it, if they do and the filter holds. The rule sees all of it, the filter what the caller sees.
  private func visible(_ document: DocumentRecord, _ lookups: RuleLookups?) throws -> DocumentRecord? {
    guard let view = try access.view(of: document, lookups) else { return nil }
    return filter?.allows(RuleContext(variables, document: view)) ?? true ? view : nil
  }

  /// What is there now: the snapshot's query.
  package func snapshotQuery(sort: [SortKey]) throws -> DocumentQuery {
    try access.query(filter: filter, params: variables, sort: sort, limit: Limits.pageItemsMax, cursor: nil)
  }

  // MARK: What makes queries alike

  private static func fingerprint(
    _ access: DocumentAccess, _ id: String?, _ filter: CELExpression?, _ params: JSONObject, _ presentation: String, _ key: LiveCursorKey
  ) -> LiveFingerprint {
    let expressions = expressions(access, filter)
    // Who calls matters only where somebody asks.
    let asksWho = expressions.contains { $0.variables.contains("auth") }
    let who: String? = if asksWho, case .user(let user) = access.caller { user.ruleValue.text } else { nil }
    // What depends on the request itself is never the same again.
    let alone = expressions.contains { $0.variables.contains("request") } ? Base64URL.encode(SecureRandom.bytes(12)) : nil
    return LiveFingerprint(
      of: [
        presentation, String(access.collection.number), who, alone, id, filter?.source, filter == nil ? nil : JSONValue.object(params).text,
      ] + rules(of: access.collection, access.caller), key)
  }

  private static func expressions(_ access: DocumentAccess, _ filter: CELExpression?) -> [CELExpression] {
    let rules = access.caller.passesRules ? [] : [access.collection.rules.read] + access.collection.fieldRules.fields.compactMap(\.read)
    return rules.compactMap(\.expression) + (filter.map { [$0] } ?? [])
  }

  /// The rules that say what this caller sees.
  private static func rules(of collection: Collection, _ caller: Caller) -> [String?] {
    guard !caller.passesRules else { return ["all"] }
    let fields = collection.fieldRules.fields.filter { $0.read != nil }.sorted { $0.name < $1.name }
    return ["rules", collection.rules.read.expression?.source] + fields.flatMap { [$0.name, $0.read?.expression?.source] }
  }
}

/// What a change means for one query.
package enum LiveOutcome: Sendable, Equatable {
  case added(DocumentRecord)
  case modified(DocumentRecord)
  /// Deleted, or no longer within rules and filter.
  case removed
}
