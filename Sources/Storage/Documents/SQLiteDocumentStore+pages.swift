import CEL
import Core

extension SQLiteDocumentStore {
  func page(_ query: DocumentQuery, in collection: Collection, lane: Int, then: @escaping Completion<DocumentPage>) {
    let shape = shapes.shape(of: collection)
    if query.looksUp {
      readers.submit { scanner in then(Result { try Self.read(query, of: collection, shape, on: try scanner.get()) }.mapError(storageError)) }
      return
    }
    let reading = PageReading(query, of: collection, shape)
    if reading.isEmpty {
      then(.success(DocumentPage(items: [], next: nil)))
      return
    }
    if reading.isLight, let lane = mine(lane) {
      do {
        let page = try lane.readBriefly { scanner in try reading.run(on: scanner.database) { scanner.isOver } }
        then(.success(page))
        return
      } catch PageReading.Detour.missingIndex {
        // The configuration changed since the caller looked it up.
      } catch let error as RoostError where error.code == .queryTooSlow {
        // The index led to far more rows than the page has.
      } catch {
        then(.failure(storageError(error)))
        return
      }
    }
    readers.submit { scanner in then(Result { try Self.snapshot(try scanner.get()) { try Self.run(reading, on: $0) } }.mapError(storageError)) }
  }

  /// A page whose rule looks up other documents: it can be planned only where those can be read.
  private static func read(_ query: DocumentQuery, of collection: Collection, _ shape: CollectionShape, on scanner: Scanner) throws -> DocumentPage {
    try snapshot(scanner) { scanner in
      let lookups = PageLookups(reading: shape.table, on: scanner.database)
      return try run(PageReading(query, of: collection, shape, lookups: lookups), on: scanner, lookups.documents)
    }
  }

  static func run(_ reading: PageReading, on scanner: Scanner, _ lookups: RuleLookups? = nil) throws -> DocumentPage {
    do {
      return try reading.run(on: scanner.database, lookups: lookups) { scanner.isOver }
    } catch PageReading.Detour.missingIndex {
      return try reading.withoutIndex.run(on: scanner.database, lookups: lookups) { scanner.isOver }
    }
  }

  /// All that is read inside sees one snapshot.
  static func snapshot<Value>(_ scanner: Scanner, _ read: (Scanner) throws -> Value) throws -> Value {
    try scanner.database.run("BEGIN")
    // Ends a reading transaction: there is nothing to lose.
    defer { try? scanner.database.run("COMMIT") }
    return try read(scanner)
  }
}
