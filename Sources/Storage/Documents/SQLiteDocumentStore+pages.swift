import CEL
import Core

extension SQLiteDocumentStore {
  func page(_ query: DocumentQuery, in collection: Collection, lane: Int, then: @escaping Completion<DocumentPage>) {
    if query.looksUp { return self.reading(query, of: collection, then: then) { reading, scanner, lookups in try Self.run(reading, on: scanner, lookups) } }
    let reading = PageReading(query, of: collection, shapes.shape(of: collection))
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
    readers.submit { scanner in then(Result { try scanner.get().snapshot { try Self.run(reading, on: $0) } }.mapError(storageError)) }
  }

  /// Plans the query and reads it on the pool, in one snapshot: what its rules look up can be read only there.
  func reading<Value: Sendable>(
    _ query: DocumentQuery, of collection: Collection, then: @escaping Completion<Value>,
    _ read: @escaping @Sendable (PageReading, Scanner, RuleLookups?) throws -> Value
  ) {
    let shape = shapes.shape(of: collection)
    readers.submit { scanner in
      then(
        Result {
          try scanner.get().snapshot { scanner in
            let lookups = query.looksUp ? PageLookups(reading: shape.table, on: scanner.database) : nil
            return try read(PageReading(query, of: collection, shape, lookups: lookups), scanner, lookups?.documents)
          }
        }.mapError(storageError))
    }
  }

  static func run(_ reading: PageReading, on scanner: Scanner, _ lookups: RuleLookups? = nil) throws -> DocumentPage {
    do {
      return try reading.run(on: scanner.database, lookups: lookups) { scanner.isOver }
    } catch PageReading.Detour.missingIndex {
      return try reading.withoutIndex.run(on: scanner.database, lookups: lookups) { scanner.isOver }
    }
  }
}
