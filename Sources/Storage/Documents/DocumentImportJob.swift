import Core

/// A portion of an import on its way through the writer: documents that stand or fall alone, in one commit. None needs a savepoint: a write
/// without a view cannot fail after it changed something, but for the disk. `@unchecked` because the writer's thread alone touches `outcomes`.
final class DocumentImportJob: WriteJob, @unchecked Sendable {
  private let documents: [DocumentWrite]
  private let control: ImportControl
  private let completion: SQLiteDocumentStore.Completion<[ImportOutcome]>
  private var outcomes: [ImportOutcome] = []

  init(_ documents: [DocumentWrite], _ control: ImportControl, then completion: @escaping SQLiteDocumentStore.Completion<[ImportOutcome]>) {
    self.documents = documents
    self.control = control
    self.completion = completion
  }

  /// A trial is undone by its savepoint.
  var isSingleChange: Bool { !control.isTrial }
  var writes: Int { documents.count }

  /// Ends a trial.
  private struct Undo: Error {}

  func run(in transaction: WriteTransaction) throws {
    outcomes.reserveCapacity(documents.count)
    var hasChanges = false
    for document in documents {
      guard !control.isStopped else { break }
      transaction.hasChanges = false
      do {
        outcomes.append(ImportOutcome(try transaction.apply(document)))
        hasChanges = hasChanges || transaction.hasChanges
      } catch {
        guard transaction.database.isInTransaction, !transaction.hasChanges, let refusal = refusal(error, in: transaction) else {
          transaction.hasChanges = transaction.hasChanges || hasChanges
          throw error
        }
        outcomes.append(.failed(refusal))
        control.failed()
      }
    }
    transaction.hasChanges = hasChanges
    if control.isTrial { throw Undo() }
  }

  /// The error, if it is the document's own.
  private func refusal(_ error: any Error, in transaction: WriteTransaction) -> RoostError? {
    guard let error = transaction.database.explain(error, collection: documents[0].collection) as? RoostError, error.isOfOneDocument else { return nil }
    return error
  }

  func finish(_ failure: (any Error)?) {
    switch failure {
    case nil, is Undo: completion(.success(outcomes))
    case let failure?: completion(.failure(storageError(failure)))
    }
  }
}
