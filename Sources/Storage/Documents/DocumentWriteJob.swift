import Core

/// A caller's document writes on their way through the writer. `@unchecked` because the writer's thread alone touches `outcomes`.
final class DocumentWriteJob: WriteJob, @unchecked Sendable {
  private let documents: [DocumentWrite]
  private let completion: SQLiteDocumentStore.Completion<[DocumentOutcome]>
  private var outcomes: [DocumentOutcome] = []

  init(_ writes: [DocumentWrite], then completion: @escaping SQLiteDocumentStore.Completion<[DocumentOutcome]>) {
    documents = writes
    self.completion = completion
  }

  var isSingleChange: Bool { documents.count == 1 }
  var writes: Int { documents.count }

  func run(in transaction: WriteTransaction) throws {
    outcomes.reserveCapacity(documents.count)
    var bytes = 0
    for write in documents {
      do {
        let outcome = try transaction.apply(write)
        bytes += outcome.after?.body.count ?? 0
        guard documents.count == 1 || bytes <= Limits.batchBytesMax else {
          throw RoostError(.payloadTooLarge, "The batch would leave more than \(Limits.batchBytesMax) bytes of documents. Write them in several.")
        }
        outcomes.append(outcome)
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
