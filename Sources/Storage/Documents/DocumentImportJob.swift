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
  var collectsProposals: Bool { true }

  /// Ends a trial.
  private struct Undo: Error {}

  func run(in transaction: WriteTransaction) throws {
    outcomes = []
    outcomes.reserveCapacity(documents.count)
    var (hasChanges, hasFailed) = (false, false)
    for document in documents {
      guard !control.isStopped, !hasFailed || !control.stopsAtError else { break }
      transaction.hasChanges = false
      do {
        outcomes.append(ImportOutcome(try transaction.apply(document)))
        hasChanges = hasChanges || transaction.hasChanges
      } catch {
        let failure = transaction.database.isInTransaction ? transaction.database.explain(error, collection: document.collection) : error
        guard let refusal = failure as? RoostError, refusal.isOfOneDocument, !transaction.hasChanges else {
          transaction.hasChanges = transaction.hasChanges || hasChanges
          throw failure
        }
        outcomes.append(.failed(refusal))
        hasFailed = true
      }
    }
    try transaction.round?.requireComplete()
    if hasFailed { control.failed() }
    transaction.hasChanges = hasChanges
    if control.isTrial { throw Undo() }
  }

  func finish(_ failure: (any Error)?) {
    switch failure {
    case nil, is Undo: completion(.success(outcomes))
    case let failure?: completion(.failure(storageError(failure)))
    }
  }
}
