import Core

extension Call {
  /// The collection that the path names first. Throws `collection_not_found`.
  func documentCollection() throws -> Collection {
    try project.collection(parameters[0])
  }

  func access(to collection: Collection) -> DocumentAccess {
    DocumentAccess(collection: collection, caller: caller, variables: variables)
  }
}
