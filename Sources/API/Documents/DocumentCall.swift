import Core
import HTTPServer

extension Call {
  /// The collection that the path names first. Throws `collection_not_found`.
  func documentCollection() throws -> Collection {
    try project.collection(parameters[0])
  }

  func access(to collection: Collection) -> DocumentAccess {
    DocumentAccess(collection: collection, caller: caller, variables: variables)
  }

  /// Carries the writes out and answers. With `Idempotency-Key` the answer is made inside the transaction too, to be kept.
  /// - Parameter operation: what is repeated where the caller sends it again; nil where repeating it does no harm, so that no key is needed.
  func write(
    _ writes: [DocumentWrite], repeatableAs operation: String?, _ respond: @escaping Route.Respond,
    answer: @escaping @Sendable ([DocumentOutcome]) throws -> HTTPResponse
  ) throws {
    let kept: Repeatable<[DocumentOutcome]>? = if let operation { try repeatable(operation, answer: answer) } else { nil }
    project.documents.write(writes, repeatable: kept) { result in respond(Result { try answer(result.get()) }) }
  }
}
