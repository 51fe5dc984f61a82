/// What a caller may see of a document's past, and how it comes back.
///
/// Whoever passes rules sees everything that is kept. Everybody else sees the past of a document only while they may see the document
/// itself, and each version only if the read rule lets them see that version, with the fields that its field rules let them see. What was
/// there before the document was deleted and made anew is another document's past; deletions and deleted documents are not shown to them.
extension DocumentAccess {
  /// The versions before `before`, or all; newest first. Throws `not_found`.
  package func history(of id: String, before: Int64?, limit: Int, _ reader: any DocumentReader) throws -> HistoryPage {
    try Names.requireID(id)
    let lookups = RuleLookups(reader)
    let current = try reader.document(id, in: collection.name)
    try requireVisible(current, id, lookups)
    let formerLife = try endOfFormerLife(of: id, reader)
    var entries: [HistoryPage.Entry] = []
    var before = before
    var (scanned, bytes) = (0, 0)
    var isFirst = true
    while true {
      guard var chunk = try reader.pastVersions(of: id, in: collection.name, before: before, limit: limit) else { throw hasNoHistory }
      if isFirst, let base = base(current, newest: chunk.first?.version, before: before) { chunk.insert(base, at: 0) }
      if isFirst, before == nil, chunk.isEmpty { throw RoostError.documentNotFound(id, in: collection.name) }
      isFirst = false
      if chunk.isEmpty { return HistoryPage(entries: entries, next: nil) }
      for past in chunk {
        guard past.version > formerLife else { return HistoryPage(entries: entries, next: nil) }
        if entries.count == limit || scanned == Limits.historyScannedMax || bytes > Limits.pageBytesMax {
          return HistoryPage(entries: entries, next: before)
        }
        scanned += 1
        bytes += past.body?.count ?? 0
        before = past.version
        let document = try past.document.flatMap { try view(of: $0, lookups) }
        guard caller.passesRules || document != nil else { continue }
        entries.append(HistoryPage.Entry(past: past, document: document))
      }
    }
  }

  /// One version, as the caller may see it. Throws `not_found`.
  package func version(_ version: Int64, of id: String, _ reader: any DocumentReader) throws -> HistoryPage.Entry {
    try Names.requireID(id)
    let lookups = RuleLookups(reader)
    let current = try reader.document(id, in: collection.name)
    try requireVisible(current, id, lookups)
    return try entry(version, of: id, current, reader, lookups)
  }

  /// Writes an earlier version anew: a change like any other, under the rule `update`, the schema and the unique indexes. Callers who are
  /// bound by rules bring back what they see of that version, as if they had sent it. A deleted document comes back where the caller passes
  /// rules.
  /// - Parameter version: nil for the last one before the deletion.
  package func restore(id: String, version: Int64?, condition: VersionCondition) throws -> DocumentWrite {
    try Names.requireID(id)
    return write(id, view: viewOfWritten) { [self] moment, lookups in
      try requireVisible(moment.current, id, lookups)
      guard let past = try restorable(version, of: id, moment, lookups) else {
        throw RoostError(.notFound, "There is no such version of the document '\(id)' in '\(collection.name)'.")
      }
      let decision = try put(id: id, body: DocumentBody(stored: past.body), condition: condition).decide(moment)
      guard case .store(let body) = decision else { return decision }
      return .restore(body: body, created: moment.current?.created ?? past.created)
    }
  }

  /// Takes a document away with everything that is kept of it. Only for those who pass rules.
  package func purge(id: String, condition: VersionCondition) throws -> DocumentWrite {
    try Names.requireID(id)
    guard caller.passesRules else { throw RoostError.denied("purge documents of '\(collection.name)'", caller: caller) }
    if collection.name == Collection.users { throw UserProfile.goesWithAccount }
    return write(id, view: nil) { [self] moment, _ in
      let isKept = try moment.reader.pastVersions(of: id, in: collection.name, before: nil, limit: 1).map { !$0.isEmpty } ?? false
      guard moment.current != nil || isKept else { throw RoostError.documentNotFound(id, in: collection.name) }
      try condition.require(moment.current)
      try moment.settleDeletion()
      return .purge
    }
  }

  /// The documents that were deleted. Only for those who pass rules.
  package func deleted(before place: Int64?, limit: Int, _ reader: any DocumentReader) throws -> DeletedPage {
    guard caller.passesRules else { throw RoostError.denied("list what was deleted in '\(collection.name)'", caller: caller) }
    guard let deleted = try reader.deletedDocuments(in: collection.name, before: place, limit: limit) else { throw hasNoHistory }
    return deleted
  }

  private var hasNoHistory: RoostError {
    RoostError(.notFound, "The collection '\(collection.name)' keeps no history. An admin turns it on with `\"history\": true`.")
  }

  private func requireVisible(_ current: DocumentRecord?, _ id: String, _ lookups: RuleLookups) throws {
    guard !caller.passesRules else { return }
    guard try current.flatMap({ try view(of: $0, lookups) }) != nil else { throw RoostError.documentNotFound(id, in: collection.name) }
  }

  /// Callers who are bound by rules see the versions behind this one.
  private func endOfFormerLife(of id: String, _ reader: any DocumentReader) throws -> Int64 {
    caller.passesRules ? 0 : try reader.endOfFormerLife(of: id, in: collection.name) ?? 0
  }

  /// How the document stands, where no version says so because nothing was written since the history was turned on.
  private func base(_ current: DocumentRecord?, newest: Int64?, before: Int64?) -> PastVersion? {
    guard let current, current.version > newest ?? 0, current.version < before ?? .max else { return nil }
    return PastVersion(base: current)
  }

  private func entry(
    _ version: Int64, of id: String, _ current: DocumentRecord?, _ reader: any DocumentReader, _ lookups: RuleLookups
  ) throws -> HistoryPage.Entry {
    guard version > 0, version < Int64.max else { throw noVersion(version, id) }
    let found = try newest(of: id, before: version + 1, reader)
    let past = base(current, newest: found?.version, before: version + 1) ?? found
    guard let past, past.version == version, try version > endOfFormerLife(of: id, reader) else { throw noVersion(version, id) }
    let document = try past.document.flatMap { try view(of: $0, lookups) }
    guard caller.passesRules || document != nil else { throw noVersion(version, id) }
    return HistoryPage.Entry(past: past, document: document)
  }

  private func restorable(_ version: Int64?, of id: String, _ moment: WriteMoment, _ lookups: RuleLookups) throws -> DocumentRecord? {
    if let version { return try entry(version, of: id, moment.current, moment.reader, lookups).document }
    guard moment.current == nil else {
      throw RoostError(
        .validationFailed, "The document '\(id)' is not deleted: say which version is to come back.", fields: [FieldError("/version", "expected a version")])
    }
    // The deletion, and before it the last version.
    guard let last = try newest(of: id, before: nil, moment.reader) else { return nil }
    return try last.document ?? newest(of: id, before: last.version, moment.reader)?.document
  }

  private func newest(of id: String, before: Int64?, _ reader: any DocumentReader) throws -> PastVersion? {
    guard let found = try reader.pastVersions(of: id, in: collection.name, before: before, limit: 1) else { throw hasNoHistory }
    return found.first
  }

  private func noVersion(_ version: Int64, _ id: String) -> RoostError {
    RoostError(.notFound, "There is no version \(version) of the document '\(id)' in '\(collection.name)'.")
  }
}
