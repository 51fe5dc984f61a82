import CEL
import Core

extension SQLiteDocumentStore {
  func page(_ query: DocumentQuery, in collection: Collection, lane: Int, then: @escaping Completion<DocumentPage>) {
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
    readers.submit { scanner in then(Result { try Self.read(reading, try scanner.get()) }.mapError(storageError)) }
  }

  /// On the pool: all of the page's statements see one snapshot.
  private static func read(_ reading: PageReading, _ scanner: Scanner) throws -> DocumentPage {
    try scanner.database.run("BEGIN")
    // Ends a reading transaction: there is nothing to lose.
    defer { try? scanner.database.run("COMMIT") }
    do {
      return try reading.run(on: scanner.database) { scanner.isOver }
    } catch PageReading.Detour.missingIndex {
      return try reading.withoutIndex.run(on: scanner.database) { scanner.isOver }
    }
  }
}
