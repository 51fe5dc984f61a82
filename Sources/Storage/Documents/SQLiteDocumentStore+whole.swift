import Core

extension SQLiteDocumentStore {
  func page(_ query: DocumentQuery, with extras: PageExtras, in collection: Collection, then: @escaping Completion<DocumentPage>) {
    reading(query, of: collection, then: then) { reading, scanner, lookups in
      var page = try Self.run(reading, on: scanner, lookups)
      if let expansion = extras.expansion {
        let references = ReferenceReader(scanner.database) { scanner.isOver }
        page.expanded = try page.items.map { try references.references(of: $0, expansion) }
      }
      // Last, with what time is left: a page never fails because there is much to count.
      if extras.counts { page.total = try Self.total(reading, on: scanner, lookups) }
      return page
    }
  }

  func aggregate(_ query: DocumentQuery, as aggregation: DocumentAggregation, in collection: Collection, then: @escaping Completion<AggregatePage>) {
    reading(query, of: collection, then: then) { reading, scanner, lookups in
      var aggregator = DocumentAggregator(aggregation)
      if aggregation.countsOnly {
        aggregator.add(count: try reading.count(on: scanner.database, lookups: lookups) { scanner.isOver })
      } else {
        try reading.forEach(on: scanner.database, lookups: lookups, isOver: { scanner.isOver }) { try aggregator.add($0) }
      }
      return try aggregator.page { scanner.isOver }
    }
  }

  func aggregationPlan(_ query: DocumentQuery, in collection: Collection, then: @escaping Completion<QueryPlan>) {
    reading(query, of: collection, then: then) { reading, scanner, _ in try reading.wholeExplanation(on: scanner.database) }
  }

  func scan<Value: Sendable>(
    _ work: @escaping @Sendable (any DocumentReader, _ isOver: @escaping () -> Bool) throws -> Value, then: @escaping Completion<Value>
  ) {
    readers.submit { scanner in
      then(Result { try scanner.get().snapshot { scanner in try work(scanner.database) { scanner.isOver } } }.mapError(storageError))
    }
  }

  private static func total(_ reading: PageReading, on scanner: Scanner, _ lookups: RuleLookups?) throws -> DocumentTotal {
    do {
      return .exactly(try reading.count(on: scanner.database, lookups: lookups) { scanner.isOver })
    } catch let error as RoostError where error.code == .queryTooSlow {
      return .unknown
    }
  }
}
