import Core

extension SQLiteDocumentStore {
  func snapshot(_ query: DocumentQuery, in collection: Collection, then: @escaping Completion<DocumentSnapshot>) {
    let shape = shapes.shape(of: collection)
    readers.submit { scanner in
      then(
        Result {
          try scanner.get().snapshot { scanner in
            // The first reading fixes the snapshot for all that follow.
            let sequence = try scanner.database.first("SELECT max(sequence) FROM events") { $0.int(0) } ?? 0
            return DocumentSnapshot(items: try Self.everything(query, of: collection, shape, on: scanner), sequence: sequence)
          }
        }.mapError(storageError))
    }
  }

  /// Page after page.
  private static func everything(
    _ query: DocumentQuery, of collection: Collection, _ shape: CollectionShape, on scanner: Scanner
  ) throws -> [DocumentRecord] {
    var items: [DocumentRecord] = []
    var bytes = 0
    var query = query
    while true {
      let page = try page(query, of: collection, shape, on: scanner)
      items += page.items
      bytes += page.items.reduce(0) { $0 + $1.body.count }
      let isTooLarge = items.count > Limits.snapshotItemsMax || bytes > Limits.snapshotBytesMax
      guard !isTooLarge, !(page.next != nil && items.count == Limits.snapshotItemsMax) else {
        throw RoostError(
          .resultTooLarge,
          "The live query begins with more than \(Limits.snapshotItemsMax) documents of '\(collection.name)', or more than \(Limits.snapshotBytesMax >> 20) MiB of them. Narrow the filter, or follow /v1/changes/\(collection.name)."
        )
      }
      guard let next = page.next else { return items }
      query = query.after(next)
    }
  }

  private static func page(_ query: DocumentQuery, of collection: Collection, _ shape: CollectionShape, on scanner: Scanner) throws -> DocumentPage {
    let lookups = query.looksUp ? PageLookups(reading: shape.table, on: scanner.database) : nil
    let reading = PageReading(query, of: collection, shape, lookups: lookups)
    return reading.isEmpty ? DocumentPage(items: [], next: nil) : try run(reading, on: scanner, lookups?.documents)
  }
}

extension DocumentQuery {
  /// The page after this one.
  fileprivate func after(_ cursor: PageCursor) -> DocumentQuery {
    DocumentQuery(rule: rule, filter: filter, fieldRules: fieldRules, variables: variables, sort: sort, limit: limit, cursor: cursor)
  }
}
