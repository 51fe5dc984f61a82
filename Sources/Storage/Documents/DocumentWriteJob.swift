import Core

/// A caller's document writes on their way through the writer. `@unchecked` because the writer's thread alone touches `outcomes`.
final class DocumentWriteJob: WriteJob, @unchecked Sendable {
  private let writes: [DocumentWrite]
  private let completion: SQLiteDocumentStore.Completion<[DocumentOutcome]>
  private var outcomes: [DocumentOutcome] = []

  init(_ writes: [DocumentWrite], then completion: @escaping SQLiteDocumentStore.Completion<[DocumentOutcome]>) {
    self.writes = writes
    self.completion = completion
  }

  var isSingleChange: Bool { writes.count == 1 }

  func run(in transaction: WriteTransaction) throws {
    outcomes.reserveCapacity(writes.count)
    for write in writes {
      do {
        outcomes.append(try transaction.apply(write))
      } catch {
        guard transaction.database.isInTransaction else { throw error }
        throw transaction.database.explain(error, collection: write.collection)
      }
    }
  }

  func finish(_ failure: (any Error)?) {
    if let failure { completion(.failure(storageError(failure))) } else { completion(.success(outcomes)) }
  }
}
