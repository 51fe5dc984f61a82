import CEL
import JSON

/// One caller's view of one collection: builds the writes that the rules let through, and says what may be read.
/// Every decision is made inside the transaction, on the document as it is then.
package struct DocumentAccess: Sendable {
  package let collection: Collection
  package let caller: Caller
  package let variables: RuleVariables

  package init(collection: Collection, caller: Caller, variables: RuleVariables) {
    self.collection = collection
    self.caller = caller
    self.variables = variables
  }

  // MARK: Reading

  /// The document as the caller may see it: without the fields that are hidden from them; nil if it is hidden altogether.
  package func view(of document: DocumentRecord, _ lookups: RuleLookups?) throws -> DocumentRecord? {
    guard !caller.passesRules else { return document }
    let context = RuleContext(variables, document: document, lookups: lookups)
    let isVisible = collection.rules.read.allows(context)
    let visible = isVisible ? document.without(collection.fieldRules.hidden(context)) : nil
    try lookups?.requireComplete()
    return visible
  }

  /// The same of a document that is the caller's own, so that no read rule is asked: a profile, or what they sent just now.
  package func ownView(of document: DocumentRecord, _ lookups: RuleLookups) throws -> DocumentRecord {
    try lookups.deciding { document.without(hidden(in: document, lookups)) }
  }

  /// Whether ``view(of:_:)`` needs a connection to look up other documents.
  package var looksUp: Bool {
    !caller.passesRules && (collection.rules.read.looksUp || collection.fieldRules.readsLookUp)
  }

  /// Throws `forbidden` for an order by a field that the caller does not always see: the order would tell of its values.
  package func requireSortable(_ sort: [SortKey]) throws {
    guard !caller.passesRules, let key = sort.first(where: { collection.fieldRules.guarded.contains($0.path[0]) }) else { return }
    throw RoostError(.forbidden, "'\(collection.name)' cannot be sorted by '\(key.path.joined(separator: "."))': not everybody may see that field.")
  }

  // MARK: Writing

  /// A new document. `id` nil lets the server make one. Throws `already_exists`.
  package func create(id: String?, body: DocumentBody) throws -> DocumentWrite {
    if let id { try Names.requireID(id) }
    let new = try completed(body)
    return write(id, view: viewOfOwn) { [self] moment, lookups in
      try requireCreate(moment, body: new, lookups)
      // Who may not create is not told whether the id is taken, nor what a document should look like.
      if moment.current != nil { throw RoostError(.alreadyExists, "There is already a document '\(moment.id)' in '\(collection.name)'.") }
      return .store(body: try settled(new, moment, lookups) { try requireFit($0) })
    }
  }

  /// Creates or replaces. Fields that the caller does not see stay as they are.
  package func put(id: String, body: DocumentBody, condition: VersionCondition) throws -> DocumentWrite {
    try Names.requireID(id)
    let sent = try completed(body)
    return write(id, view: viewOfOwn) { [self] moment, lookups in
      var new = sent
      var (hidden, named): ([String], [String]) = ([], [])
      if let current = moment.current {
        hidden = self.hidden(in: current, lookups)
        named = FieldRules.named(hidden, in: body.bytes)
        // A default is nothing that the caller sets.
        let defaults = hidden.filter { !named.contains($0) }
        new = FieldRules.keeping(hidden, of: current.body, in: defaults.isEmpty ? sent : JSONText.removingMembers(defaults, from: sent))
        do {
          try requireUpdate(current, body: new, guessing: named, moment, lookups)
        } catch let error as RoostError where error.code == .notFound {
          // Hidden: answered like a document that is not there, as far as the caller could not make one.
          if collection.name != Collection.users { try requireCreate(moment, body: sent, lookups) }
          throw error
        }
      } else {
        // No profile is made by writing it, and nobody is told by the difference which users there are.
        if collection.name == Collection.users {
          throw caller.passesRules ? UserProfile.madeByRegistering : RoostError.documentNotFound(id, in: collection.name)
        }
        try requireCreate(moment, body: new, lookups)
      }
      try condition.require(moment.current)
      try DocumentBody.requireTotalSize(new)
      if try named.isEmpty && isKnown(moment.current, as: new, lookups) {
        try requireFit(new, hidden: hidden)
        return .keep
      }
      return .store(body: try settled(new, moment, lookups) { try requireFit($0, hidden: hidden.filter { !named.contains($0) }) })
    }
  }

  /// Changes an existing document; the patch makes the new body out of the old one, as far as the caller sees it. Whoever may change but not
  /// see it may send what fits every document: whether anything else fits would tell what is in it.
  package func patch(id: String, condition: VersionCondition, _ patch: DocumentPatch) throws -> DocumentWrite {
    try Names.requireID(id)
    return write(id, view: viewOfWritten) { [self] moment, lookups in
      guard let current = moment.current else { throw RoostError.documentNotFound(id, in: collection.name) }
      // The change may fail on fields that the caller may not see, so reading or writing comes first.
      guard caller.passesRules || collection.rules.update.expression != nil else { throw try hiddenOrDenied(current, "change this document", lookups) }
      let isSeen = try sees(current, lookups)
      guard isSeen || patch.isUnconditional else { throw RoostError.documentNotFound(id, in: collection.name) }
      let (body, named): ([UInt8], [String])
      let hidden = hidden(in: current, lookups)
      do {
        let changed = try patch.apply(to: current.without(hidden), at: moment.now, allowance: moment.patches)
        named = FieldRules.named(hidden, in: changed)
        body = FieldRules.keeping(hidden, of: current.body, in: changed)
        // Of what the caller sees: the size of the rest is not told.
        try requireSize(changed)
      } catch {
        // What is wrong with the result would tell of a document that the caller may not see.
        guard isSeen else { throw RoostError.documentNotFound(id, in: collection.name) }
        // Whoever says which version they mean is told first that it is another by now (RFC 9110, section 13.2.2).
        try condition.require(current)
        throw error
      }
      try requireUpdate(current, body: body, guessing: named, moment, lookups)
      try condition.require(current)
      try DocumentBody.requireTotalSize(body)
      let untold = isSeen ? hidden.filter { !named.contains($0) } : FieldRules.unchanged(current.body, body)
      guard !(isSeen || patch.isEmpty) || current.body != body || !named.isEmpty else { return .keep }
      return .store(body: try settled(body, moment, lookups) { if current.body != $0 { try requireFit($0, hidden: untold) } })
    }
  }

  package func delete(id: String, condition: VersionCondition) throws -> DocumentWrite {
    try Names.requireID(id)
    return write(id, view: nil) { [self] moment, lookups in
      guard let current = moment.current else { throw RoostError.documentNotFound(id, in: collection.name) }
      if collection.name == Collection.users {
        throw try view(of: current, lookups) != nil ? UserProfile.goesWithAccount : RoostError.documentNotFound(id, in: collection.name)
      }
      guard caller.passesRules || collection.rules.delete.allows(RuleContext(variables, document: current, lookups: lookups)) else {
        throw try hiddenOrDenied(current, "delete this document", lookups)
      }
      try condition.require(current)
      try hidingRefusal(moment, lookups) { try moment.settleDeletion() }
      return .delete
    }
  }

  /// What is stored once the before triggers have looked at it. See ``WriteMoment/settled(_:fits:)``.
  private func settled(_ body: [UInt8], _ moment: WriteMoment, _ lookups: RuleLookups, fits: ([UInt8]) throws -> Void) throws -> [UInt8] {
    try hidingRefusal(moment, lookups) { try moment.settled(body, fits: fits) }
  }

  /// A function's refusal may depend on what is in a document that the caller does not see: to them it is not there.
  private func hidingRefusal<Value>(_ moment: WriteMoment, _ lookups: RuleLookups, _ work: () throws -> Value) throws -> Value {
    do {
      return try work()
    } catch let error as RoostError where error.code == .writeRefused {
      if let current = moment.current, try !sees(current, lookups) { throw RoostError.documentNotFound(current.id, in: collection.name) }
      throw error
    }
  }

  /// The write, with what its rules look up read once and inside its transaction.
  func write(
    _ id: String?, view: (@Sendable (DocumentRecord, WriteMoment) throws -> DocumentRecord?)?,
    decide: @escaping @Sendable (WriteMoment, RuleLookups) throws -> DocumentDecision
  ) -> DocumentWrite {
    DocumentWrite(collection: collection, id: id, actor: EventActor(caller, trace: variables.trace), view: caller.passesRules ? nil : view) { moment in
      let lookups = RuleLookups(moment.reader)
      return try lookups.deciding { try decide(moment, lookups) }
    }
  }

  /// What the caller sent themselves, without what is hidden of it.
  private var viewOfOwn: @Sendable (DocumentRecord, WriteMoment) throws -> DocumentRecord? {
    { [self] document, moment in
      guard let sent = moment.gate?.sent else {
        return collection.fieldRules.guarded.isEmpty ? document : try ownView(of: document, RuleLookups(moment.reader))
      }
      // What a function made of it is shown to those who may read it; the others see what they sent.
      if let visible = try view(of: document, RuleLookups(moment.reader)) { return visible }
      let own = DocumentRecord(id: document.id, version: document.version, created: document.created, updated: document.updated, body: sent)
      return try ownView(of: own, RuleLookups(moment.reader))
    }
  }

  /// The document that was written, as far as the read rule lets the caller see it.
  var viewOfWritten: @Sendable (DocumentRecord, WriteMoment) throws -> DocumentRecord? {
    { [self] document, moment in try view(of: document, RuleLookups(moment.reader)) }
  }

  // MARK: Decisions

  private func requireCreate(_ moment: WriteMoment, body: [UInt8], _ lookups: RuleLookups) throws {
    if collection.name == Collection.users { throw UserProfile.madeByRegistering }
    guard !caller.passesRules else { return }
    let incoming = DocumentRecord(id: moment.id, version: 1, created: moment.now, updated: moment.now, body: body)
    let context = RuleContext(variables, document: incoming, incoming: incoming, lookups: lookups)
    guard collection.rules.create.allows(context) else { throw RoostError.denied("create this document in '\(collection.name)'", caller: caller) }
    try requireFields(nil, body, context)
  }

  /// - Parameter named: fields that the caller sets and does not see. Whatever they held, setting them is a change: whoever guesses a value
  ///   is not told by the answer that it was right.
  private func requireUpdate(
    _ current: DocumentRecord, body: [UInt8], guessing named: [String] = [], _ moment: WriteMoment, _ lookups: RuleLookups
  ) throws {
    let incoming = DocumentRecord(id: current.id, version: current.version + 1, created: current.created, updated: moment.now, body: body)
    if !caller.passesRules {
      let context = RuleContext(variables, document: current, incoming: incoming, lookups: lookups)
      guard collection.rules.update.allows(context) else { throw try hiddenOrDenied(current, "change this document", lookups) }
      try requireFields(current.without(named).body, body, context)
    }
    if collection.name == Collection.users { try UserProfile.requireSameIdentity(current.body, body) }
  }

  /// A new profile: no create rule is asked, for registering is open to everybody, but its fields may be set only as their rules let.
  /// Answers the body to store.
  func registration(_ registration: Registration, _ moment: WriteMoment) throws -> [UInt8] {
    let body = try completed(registration.profile)
    try requireRegistrable(registration, body, moment)
    return try moment.settled(body) { try requireFit($0) }
  }

  private func requireRegistrable(_ registration: Registration, _ body: [UInt8], _ moment: WriteMoment) throws {
    guard !caller.passesRules else { return }
    let profile = DocumentRecord(id: moment.id, version: 1, created: moment.now, updated: moment.now, body: body)
    let lookups = RuleLookups(moment.reader)
    try lookups.deciding {
      try requireFields(registration.identity.bytes, body, RuleContext(variables, document: profile, incoming: profile, lookups: lookups))
    }
  }

  private func requireFields(_ before: [UInt8]?, _ after: [UInt8], _ context: RuleContext) throws {
    guard !collection.fieldRules.isEmpty else { return }
    let denied = collection.fieldRules.denied(before, after, context)
    guard denied.isEmpty else {
      let names = denied.map { "'\($0)'" }.joined(separator: ", ")
      throw RoostError.denied(
        "set \(names) in '\(collection.name)'", caller: caller, fields: denied.map { FieldError("/\($0.pointerSegment)", "may not be set so") })
    }
  }

  private func sees(_ document: DocumentRecord, _ lookups: RuleLookups) throws -> Bool { try view(of: document, lookups) != nil }

  /// Whether the document holds this already, and the caller sees that it does: whoever guesses it is not told.
  private func isKnown(_ document: DocumentRecord?, as body: [UInt8], _ lookups: RuleLookups) throws -> Bool {
    guard let document, document.body == body else { return false }
    return try sees(document, lookups)
  }

  /// What a caller may not see does not exist for them.
  private func hiddenOrDenied(_ document: DocumentRecord, _ action: String, _ lookups: RuleLookups) throws -> RoostError {
    try view(of: document, lookups) != nil ? RoostError.denied(action, caller: caller) : RoostError.documentNotFound(document.id, in: collection.name)
  }

  private func hidden(in document: DocumentRecord, _ lookups: RuleLookups) -> [String] {
    guard !caller.passesRules, !collection.fieldRules.guarded.isEmpty else { return [] }
    return collection.fieldRules.hidden(RuleContext(variables, document: document, lookups: lookups))
  }

  /// A body from outside, with the schema's defaults.
  private func completed(_ body: DocumentBody) throws -> [UInt8] {
    try requireSize(body.bytes)
    guard let schema = collection.schema else { return body.bytes }
    let completed = try schema.completed(body.bytes)
    try requireSize(completed)
    return completed
  }

  private func requireFit(_ body: [UInt8], hidden: [String] = []) throws {
    try collection.schema?.require(body, in: collection.name, hidden: hidden)
  }

  private func requireSize(_ body: [UInt8]) throws {
    guard body.count <= Limits.documentBytesMax else {
      throw RoostError(.payloadTooLarge, "The document would have \(body.count) bytes; the most is \(Limits.documentBytesMax).")
    }
  }
}

extension DocumentRecord {
  /// The same without some of its fields.
  package func without(_ fields: [String]) -> DocumentRecord {
    guard !fields.isEmpty else { return self }
    return DocumentRecord(id: id, version: version, created: created, updated: updated, body: JSONText.removingMembers(fields, from: body))
  }
}
