import Core
import JSON

/// A caller's document writes on their way through the writer. `@unchecked` because the writer's thread alone touches `outcomes`.
final class DocumentWriteJob: WriteJob, @unchecked Sendable {
  private let documents: [DocumentWrite]
  private let repeatable: Repeatable<[DocumentOutcome]>?
  private let completion: SQLiteDocumentStore.Completion<[DocumentOutcome]>
  private var outcomes: [DocumentOutcome] = []

  init(
    _ writes: [DocumentWrite], repeatable: Repeatable<[DocumentOutcome]>? = nil, then completion: @escaping SQLiteDocumentStore.Completion<[DocumentOutcome]>
  ) {
    documents = writes
    self.repeatable = repeatable
    self.completion = completion
  }

  /// Keeping the answer may fail after the change.
  var isSingleChange: Bool { documents.count == 1 && repeatable == nil }
  var writes: Int { documents.count }
  var collectsProposals: Bool { documents.count > 1 }

  func run(in transaction: WriteTransaction) throws {
    outcomes = try transaction.once(repeatable) { try written(in: transaction) }
  }

  private func written(in transaction: WriteTransaction) throws -> [DocumentOutcome] {
    var outcomes: [DocumentOutcome] = []
    outcomes.reserveCapacity(documents.count)
    var bytes = 0
    let patches = PatchAllowance()
    for (index, write) in documents.enumerated() {
      do {
        let outcome = try transaction.apply(write, patches: patches)
        bytes += outcome.after?.body.count ?? 0
        guard documents.count == 1 || bytes <= Limits.batchBytesMax else {
          throw RoostError(.payloadTooLarge, "The batch would leave more than \(Limits.batchBytesMax) bytes of documents. Write them in several.")
        }
        outcomes.append(outcome)
      } catch {
        guard transaction.database.isInTransaction else { throw error }
        let cause = transaction.database.explain(error, collection: write.collection)
        throw documents.count == 1 ? cause : FailedWrite(index: index, cause: cause)
      }
    }
    try transaction.round?.requireComplete()
    return outcomes
  }

  func finish(_ failure: (any Error)?) {
    if let failure { completion(.failure(storageError(failure))) } else { completion(.success(outcomes)) }
  }
}
