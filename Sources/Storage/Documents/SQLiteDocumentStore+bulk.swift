import Core

extension SQLiteDocumentStore {
  func importDocuments(_ writes: [DocumentWrite], _ control: ImportControl, then: @escaping Completion<[ImportOutcome]>) {
    writer.submit(DocumentImportJob(writes, control, then: then))
  }

  func slice(_ query: DocumentQuery, in collection: Collection, after id: String?, then: @escaping Completion<DocumentSlice>) {
    readers.submit { scanner in
      then(Result { try scanner.get().snapshot { try Self.slice(query, of: collection, after: id, on: $0) } }.mapError(storageError))
    }
  }

  /// Rule and filter are asked in memory, of one document after the other: an export goes through the collection anyway, and so no filter
  /// makes a slice take long.
  private static func slice(_ query: DocumentQuery, of collection: Collection, after id: String?, on scanner: Scanner) throws -> DocumentSlice {
    let database = scanner.database
    let lookups = RuleLookups(database)
    var items: [DocumentRecord] = []
    var (rows, bytes) = (0, 0)
    var last: String?
    do {
      let statement = try database.statement(id == nil ? .firstPage : .nextPage, of: collection.number)
      defer { statement.reset() }
      if let id { try statement.bind(id, at: 1) }
      try statement.bind(Int64(Limits.exportSliceRowsMax + 1), at: id == nil ? 1 : 2)
      while try statement.step() {
        // There is more behind the last one.
        if rows == Limits.exportSliceRowsMax || bytes > Limits.exportSliceBytesMax || rows & 7 == 7 && scanner.isOver { break }
        let record = statement.documentRow()
        rows += 1
        last = record.id
        bytes += record.body.count
        if let visible = try query.view(of: record, lookups) { items.append(visible) }
      }
      if !statement.isBusy { last = nil }
    } catch {
      throw database.explain(error, collection: collection)
    }
    return DocumentSlice(items: items, last: last)
  }
}

extension DocumentQuery {
  /// The document as the caller sees it; nil if rule or filter do not hold. The rule sees the whole of it, the filter what the caller sees.
  fileprivate func view(of record: DocumentRecord, _ lookups: RuleLookups) throws -> DocumentRecord? {
    guard rule != nil || filter != nil || !fieldRules.isEmpty else { return record }
    let context = RuleContext(variables, document: record, lookups: lookups)
    let isReadable = rule?.allows(context) ?? true
    let visible = isReadable ? record.without(fieldRules.hidden(context)) : nil
    try lookups.requireComplete()
    guard let visible, let filter else { return visible }
    return filter.allows(RuleContext(variables, document: visible)) ? visible : nil
  }
}
