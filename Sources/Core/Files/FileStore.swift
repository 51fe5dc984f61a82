import JSON

/// Files at rest: records beside the documents, content on disk (or S3). Constant memory whatever the size.
package protocol FileStore: Sendable {
  /// Opens room for new content. Nothing is visible until `commit`.
  func beginUpload() async throws -> any FileUpload

  func file(_ path: String, in bucket: String) async throws -> StoredFile?

  /// Files by path, ascending in UTF-8 order.
  func list(_ query: FileQuery) async throws -> FilePage

  /// Deletes record and event in one commit, the content after it. `decide` sees the record inside the transaction and throws to refuse.
  /// False if there is none.
  func delete(_ path: String, in bucket: String, actor: EventActor, decide: @escaping @Sendable (StoredFile, any DocumentReader) throws -> Void) async throws
    -> Bool

  /// An open descriptor of the content, which the caller closes. It stays readable even if the file is replaced or deleted meanwhile.
  func open(_ file: StoredFile) async throws -> Int32
}

/// Content on its way in. Errors: `storage_full`.
package protocol FileUpload: AnyObject, Sendable {
  func write(_ bytes: [UInt8]) async throws
  /// Bytes written so far.
  var size: Int64 { get }
  /// Makes the content durable, then record and event visible in one commit. `decide` sees the record that will be replaced, inside the transaction.
  func commit(_ target: FileTarget, decide: @escaping @Sendable (StoredFile?, any DocumentReader) throws -> Void) async throws -> StoredFile
  /// Gives the room back. Also safe after `commit`.
  func abort()
}

package struct FileTarget: Sendable {
  package let bucket: String
  package let path: String
  package let contentType: String
  package let owner: String?
  package let actor: EventActor

  package init(bucket: String, path: String, contentType: String, owner: String?, actor: EventActor) {
    self.bucket = bucket
    self.path = path
    self.contentType = contentType
    self.owner = owner
    self.actor = actor
  }
}

package struct FileQuery: Sendable {
  package let bucket: String
  package let prefix: String
  /// `/` folds what lies deeper into `prefixes`, as a folder view wants it.
  package let delimiter: Bool
  package let limit: Int
  /// The last path or prefix of the page before.
  package let after: String?
  /// Others are passed over as if they were not there: neither listed nor counted, nor the place of a cursor. nil: all are visible.
  package let isVisible: (@Sendable (StoredFile, RuleLookups) throws -> Bool)?

  package init(
    bucket: String, prefix: String, delimiter: Bool, limit: Int, after: String?, isVisible: (@Sendable (StoredFile, RuleLookups) throws -> Bool)? = nil
  ) {
    self.bucket = bucket
    self.prefix = prefix
    self.delimiter = delimiter
    self.limit = limit
    self.after = after
    self.isVisible = isVisible
  }
}

package struct FilePage: Sendable {
  package let items: [StoredFile]
  package let prefixes: [String]
  package let next: String?

  package init(items: [StoredFile], prefixes: [String], next: String?) {
    self.items = items
    self.prefixes = prefixes
    self.next = next
  }
}
