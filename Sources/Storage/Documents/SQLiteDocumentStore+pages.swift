import CEL
import Core

extension SQLiteDocumentStore {
  func page(_ query: DocumentQuery, in collection: Collection, lane: Int, then: @escaping Completion<DocumentPage>) {
    let reading = PageReading(query, of: collection)
    if reading.isEmpty {
      then(.success(DocumentPage(items: [], next: nil)))
      return
    }
    if reading.isLight, let lane = mine(lane) {
      then(Result { try lane.read { try reading.run(on: $0, isOver: { false }) } }.mapError(storageError))
      return
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
