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
      let result = Result { try lane.readBriefly { scanner in try reading.run(on: scanner.database) { scanner.isOver } } }
      guard case .failure(let error) = result, (error as? RoostError)?.code == .queryTooSlow else {
        then(result.mapError(storageError))
        return
      }
      // The index led to far more rows than the page has: that is for the pool.
    }
    readers.submit { scanner in
      then(
        Result {
          let scanner = try scanner.get()
          return try reading.run(on: scanner.database) { scanner.isOver }
        }.mapError(storageError))
    }
  }
}
