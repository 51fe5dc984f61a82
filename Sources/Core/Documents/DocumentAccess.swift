import CEL

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

  package func canRead(_ document: DocumentRecord) -> Bool {
    caller.passesRules || collection.rules.read.allows(RuleContext(variables, document: document))
  }

  /// A new document. `id` nil lets the server make one. Throws `already_exists`.
  package func create(id: String?, body: DocumentBody) throws -> DocumentWrite {
    if let id { try Names.requireID(id) }
    try requireSize(body.bytes)
    return DocumentWrite(collection: collection, id: id, actor: EventActor(caller)) { [self] current, id, now in
      // Who may not create is not told whether the id is taken.
      try requireCreate(id: id, body: body.bytes, at: now)
      if current != nil { throw RoostError(.alreadyExists, "There is already a document '\(id)' in '\(collection.name)'.") }
      return .store(body: body.bytes)
    }
  }

  /// Creates or replaces.
  package func put(id: String, body: DocumentBody, condition: VersionCondition) throws -> DocumentWrite {
    try Names.requireID(id)
    try requireSize(body.bytes)
    return DocumentWrite(collection: collection, id: id, actor: EventActor(caller)) { [self] current, id, now in
      if let current {
        try requireUpdate(current, body: body.bytes, at: now)
      } else {
        // No profile is made by writing it, and nobody is told by the difference which users there are.
        if collection.name == Collection.users {
          throw caller.passesRules ? UserProfile.madeByRegistering : RoostError.documentNotFound(id, in: collection.name)
        }
        try requireCreate(id: id, body: body.bytes, at: now)
      }
      try condition.require(current)
      return current?.body == body.bytes ? .keep : .store(body: body.bytes)
    }
  }

  /// Changes an existing document; `change` makes the new body out of the old one.
  package func patch(
    id: String, condition: VersionCondition, change: @escaping @Sendable (_ body: [UInt8]) throws -> [UInt8]
  ) throws -> DocumentWrite {
    try Names.requireID(id)
    return DocumentWrite(collection: collection, id: id, actor: EventActor(caller)) { [self] current, id, now in
      guard let current else { throw RoostError.documentNotFound(id, in: collection.name) }
      // The change may fail on fields that the caller may not see, so reading or writing comes first.
      guard caller.passesRules || collection.rules.update.expression != nil else { throw hiddenOrDenied(current, "change this document") }
      let body: [UInt8]
      do {
        body = try change(current.body)
        try requireSize(body)
      } catch {
        // What is wrong with the result would tell of a document that the caller may not see.
        throw canRead(current) ? error : RoostError.documentNotFound(id, in: collection.name)
      }
      try requireUpdate(current, body: body, at: now)
      try condition.require(current)
      return current.body == body ? .keep : .store(body: body)
    }
  }

  package func delete(id: String, condition: VersionCondition) throws -> DocumentWrite {
    try Names.requireID(id)
    return DocumentWrite(collection: collection, id: id, actor: EventActor(caller)) { [self] current, id, _ in
      guard let current else { throw RoostError.documentNotFound(id, in: collection.name) }
      if collection.name == Collection.users { throw canRead(current) ? UserProfile.goesWithAccount : RoostError.documentNotFound(id, in: collection.name) }
      guard caller.passesRules || collection.rules.delete.allows(RuleContext(variables, document: current)) else {
        throw hiddenOrDenied(current, "delete this document")
      }
      try condition.require(current)
      return .delete
    }
  }

  private func requireCreate(id: String, body: [UInt8], at now: Timestamp) throws {
    if collection.name == Collection.users { throw UserProfile.madeByRegistering }
    guard !caller.passesRules else { return }
    let incoming = DocumentRecord(id: id, version: 1, created: now, updated: now, body: body)
    guard collection.rules.create.isPublic || collection.rules.create.allows(RuleContext(variables, document: incoming, incoming: incoming))
    else {
      throw RoostError.denied("create this document in '\(collection.name)'", caller: caller)
    }
  }

  private func requireUpdate(_ current: DocumentRecord, body: [UInt8], at now: Timestamp) throws {
    let incoming = DocumentRecord(id: current.id, version: current.version + 1, created: current.created, updated: now, body: body)
    guard caller.passesRules || collection.rules.update.allows(RuleContext(variables, document: current, incoming: incoming)) else {
      throw hiddenOrDenied(current, "change this document")
    }
    if collection.name == Collection.users { try UserProfile.requireSameIdentity(current.body, body) }
  }

  /// What a caller may not see does not exist for them.
  private func hiddenOrDenied(_ document: DocumentRecord, _ action: String) -> RoostError {
    canRead(document) ? RoostError.denied(action, caller: caller) : RoostError.documentNotFound(document.id, in: collection.name)
  }

  private func requireSize(_ body: [UInt8]) throws {
    guard body.count <= Limits.documentBytesMax else {
      throw RoostError(.payloadTooLarge, "The document would have \(body.count) bytes; the most is \(Limits.documentBytesMax).")
    }
  }
}
