import Core

extension SQLiteDocumentStore {
  func search(_ search: DocumentSearch, in collection: Collection, then: @escaping Completion<SearchPage>) {
    read(search, in: collection, then: then) { reading, scanner in try reading.run(on: scanner.database) { scanner.isOver } }
  }

  func plan(_ search: DocumentSearch, in collection: Collection, then: @escaping Completion<QueryPlan>) {
    read(search, in: collection, then: then) { reading, scanner in try reading.explanation(on: scanner.database) }
  }

  private func read<Value: Sendable>(
    _ search: DocumentSearch, in collection: Collection, then: @escaping Completion<Value>,
    _ work: @escaping @Sendable (SearchReading, Scanner) throws -> Value
  ) {
    let shape = shapes.shape(of: collection)
    readers.submit { [textIndexes] scanner in
      let result = Result {
        try scanner.get().snapshot { scanner in try work(SearchReading(search, of: collection, shape, on: scanner.database), scanner) }
      }.mapError(storageError)
      // Should the building have stopped, it goes on now.
      if case .failure(let error as RoostError) = result, error.code == .indexBuilding { textIndexes.start() }
      then(result)
    }
  }
}
