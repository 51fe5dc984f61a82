import Core
import Glibc
import Synchronization

/// Files with records in SQLite and content on the disk.
final class DiskFileStore: FileStore {
  let writer: Writer
  let readers: ReaderPool
  let content: ContentFolder
  /// Writing, flushing and opening content blocks on the disk. More threads than one, so that one slow flush does not stop all others.
  let pool: WorkPool
  /// Content that was removed from the disk but is still listed as to be removed; the next change of a file strikes it off.
  private let removed = Mutex<[String]>([])

  private static let threads = 4
  private static let queuedMax = 4096

  init(folder: String, writer: Writer, readers: ReaderPool) throws {
    self.writer = writer
    self.readers = readers
    content = ContentFolder(path: folder)
    try content.makeFolders()
    pool = WorkPool(threads: Self.threads, queued: Self.queuedMax, name: "files-")
  }

  func beginUpload() async throws -> any FileUpload {
    let id = hexadecimal(SecureRandom.bytes(16))
    let path = content.incomingPath(id)
    let file = try await pool.run {
      guard let file = FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL, 0o600) else { throw DiskError.of("create") }
      return file
    }
    return DiskFileUpload(id: id, file: file, store: self)
  }

  func file(_ path: String, in bucket: String) async throws -> StoredFile? {
    try await readers.read { try $0.file(path, in: bucket) }
  }

  func open(_ file: StoredFile) async throws -> Int32 {
    let content = content
    return try await pool.run {
      guard let descriptor = try content.open(file.contentID) else { throw RoostError.fileNotFound(file.path) }
      return descriptor
    }
  }

  func delete(_ path: String, in bucket: String, actor: EventActor, decide: @escaping @Sendable (StoredFile, any DocumentReader) throws -> Void) async throws
    -> Bool
  {
    let struck = takeRemoved()
    let deleted = try await writer.write { transaction -> StoredFile? in
      guard let file = try transaction.database.file(path, in: bucket) else { return nil }
      try decide(file, transaction.database)
      try transaction.strikeRemains(struck)
      try transaction.delete(file, actor: actor)
      return file
    }
    guard let deleted else { return false }
    discard(deleted.contentID)
    return true
  }

  // MARK: Content that no record names any more

  /// Removes content from the disk, after the commit that took its record away.
  func discard(_ id: String) {
    pool.runSometime { [self] in
      // What cannot be removed now is still listed, and tried again at the next start.
      if content.remove(id) { removed.withLock { $0.append(id) } }
    }
  }

  /// What the next commit may strike off the list. Forgetting it is harmless: the next start finds nothing to remove.
  func takeRemoved() -> [String] {
    removed.withLock { removed in
      defer { removed = [] }
      return removed
    }
  }

  /// At a start: finishes or undoes what a crash interrupted. Only the folder's server may do this.
  func sweep() async throws {
    let content = content
    let incoming = try await pool.run { try content.incomingContent() }
    for id in incoming {
      let isStored = try await readers.read { try $0.first("SELECT 1 FROM files WHERE content_id = ?", .text(id)) { _ in true } ?? false }
      _ = try await pool.run { if isStored { content.settle(id) } else { _ = content.remove(id) } }
    }
    let remains = try await readers.read { try $0.rows("SELECT content_id FROM file_remains") { $0.text(0) } }
    guard !remains.isEmpty else { return }
    let gone = try await pool.run { remains.filter { content.remove($0) } }
    try await writer.write { try $0.strikeRemains(gone) }
  }

  func close() async { await pool.close() }
}
