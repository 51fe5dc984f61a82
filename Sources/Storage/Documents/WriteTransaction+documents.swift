import Core
import JSON

extension WriteTransaction {
  /// Does what the write decides, with its event.
  func apply(_ write: DocumentWrite, patches: PatchAllowance = PatchAllowance()) throws -> DocumentOutcome {
    let now = self.now
    if let round, let gate = round.gate(for: write) { return try apply(write, patches: patches, through: gate, of: round) }
    // A new id is nobody's yet: nothing to look up.
    let id = write.id ?? makeID(at: now)
    let current = write.id == nil ? nil : try database.document(id, in: write.collection.number)
    let moment = WriteMoment(current: current, id: id, now: now, reader: database, patches: patches)
    return try carryOut(write.decide(moment), write, moment)
  }

  /// Does what was decided, with its event.
  func carryOut(_ decision: DocumentDecision, _ write: DocumentWrite, _ moment: WriteMoment) throws -> DocumentOutcome {
    let (current, id, now, collection) = (moment.current, moment.id, moment.now, write.collection.number)
    switch decision {
    case .keep:
      return DocumentOutcome(before: current, after: current, visible: try current.flatMap { try write.visible($0, moment) })
    case .store(let body): return try change(write, moment, to: body, created: now, as: current == nil ? .created : .updated)
    case .restore(let body, let created): return try change(write, moment, to: body, created: created, as: .restored)
    case .delete:
      guard let current else { return DocumentOutcome(before: nil, after: nil, visible: nil) }
      try delete(current, in: write.collection)
      try append(
        kind: .document, action: .deleted, container: write.collection.name, subject: id, before: current.json(), after: nil, actor: write.actor, at: now)
      try endLifetime(of: current, in: write.collection, by: write.actor, at: now)
      if write.collection.name == Collection.users { try deleteAccount(userID: id, at: now) }
      return DocumentOutcome(before: current, after: nil, visible: nil)
    case .purge:
      hasChanges = true
      if let current { try delete(current, in: write.collection) }
      try append(
        kind: .document, action: .deleted, container: write.collection.name, subject: id, before: current?.json(), after: nil, actor: write.actor, at: now)
      try purgeLifetime(of: id, current, in: collection)
      return DocumentOutcome(before: current, after: nil, visible: nil)
    }
  }

  /// Creates the document or gives it its next version, with its event and what follows from the collection's history and ttl.
  private func change(
    _ write: DocumentWrite, _ moment: WriteMoment, to body: [UInt8], created: Timestamp, as operation: PastVersion.Operation
  ) throws -> DocumentOutcome {
    let (current, now) = (moment.current, moment.now)
    let lifetime = try lifetime(of: write.collection.number)
    let version = try current.map { $0.version + 1 } ?? (write.id == nil ? 1 : firstVersion(of: moment.id, in: write.collection.number, lifetime))
    let times = current.map { DocumentTimes(created: $0.created, updated: now) } ?? write.times ?? DocumentTimes(created: created, updated: now)
    let record = DocumentRecord(
      id: moment.id, version: version, created: times.created, updated: times.updated, body: DocumentKeys.shortest(body))
    try store(record, over: current, in: write.collection)
    hasChanges = true
    try updateWords(of: record.id, in: write.collection.number, before: current?.body, after: record.body)
    try append(
      kind: .document, action: current == nil ? .created : .updated, container: write.collection.name, subject: record.id, before: current?.json(),
      after: record.json(), actor: write.actor, at: now)
    if let lifetime { try keep(record, over: current, as: operation, by: write.actor, at: now, in: write.collection.number, lifetime) }
    return DocumentOutcome(before: current, after: record, visible: try write.visible(record, moment))
  }

  private func store(_ record: DocumentRecord, over current: DocumentRecord?, in collection: Collection) throws {
    let (id, body) = (record.id, record.body)
    do {
      if current != nil {
        let statement = try database.statement(.update, of: collection.number)
        try body.withUnsafeBufferPointer { bytes in
          defer { statement.reset() }
          try statement.bind(record.version, at: 1)
          try statement.bind(record.updated.milliseconds, at: 2)
          try statement.bindUncopied(bytes, at: 3)
          try statement.bind(id, at: 4)
          _ = try statement.step()
        }
        return
      }
      try Names.requireID(id)
      let statement = try database.statement(.insert, of: collection.number)
      try body.withUnsafeBufferPointer { bytes in
        defer { statement.reset() }
        try statement.bind(id, at: 1)
        try statement.bind(record.created.milliseconds, at: 2)
        try statement.bind(record.updated.milliseconds, at: 3)
        try statement.bindUncopied(bytes, at: 4)
        try statement.bind(record.version, at: 5)
        _ = try statement.step()
      }
    } catch let error as SQLiteError where error.isUniqueViolation {
      throw try uniqueConflict(of: body, id: id, in: collection)
    }
  }

  private func delete(_ current: DocumentRecord, in collection: Collection) throws {
    hasChanges = true
    try updateWords(of: current.id, in: collection.number, before: current.body, after: nil)
    let statement = try database.statement(.delete, of: collection.number)
    defer { statement.reset() }
    try statement.bind(current.id, at: 1)
    _ = try statement.step()
  }

  /// SQLite says that some unique index refused, in words only; which one it was is looked up.
  private func uniqueConflict(of body: [UInt8], id: String, in collection: Collection) throws -> RoostError {
    for definition in collection.indexes where definition.isUnique {
      let fields = definition.keys.map { $0.path.joined(separator: ".") }
      // Only the body's own fields: an index on one of ours names the document itself.
      guard definition.keys.allSatisfy({ DocumentTable.systemColumn($0.path[0]) == nil || $0.path.count > 1 }) else { continue }
      let same = definition.keys.map { "\(DocumentTable.expression($0.path)) IS \(DocumentTable.expression($0.path, of: "?1"))" }
      let present = definition.keys.map { "\(DocumentTable.expression($0.path)) IS NOT NULL" }
      let sql =
        "SELECT 1 FROM \(DocumentTable(number: collection.number).name) WHERE \(same.joined(separator: " AND ")) AND (\(present.joined(separator: " OR "))) AND id <> ?2 LIMIT 1"
      guard try database.first(sql, .utf8(body), .text(id), row: { _ in true }) != nil else { continue }
      return RoostError(
        .conflict, "Another document in '\(collection.name)' has the same \(fields.joined(separator: " and ")).",
        fields: fields.map { FieldError("/" + $0.split(separator: ".").joined(separator: "/"), "must be unique") })
    }
    return RoostError(.conflict, "The document breaks a unique index of '\(collection.name)'.")
  }
}
