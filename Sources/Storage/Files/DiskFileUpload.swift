import Core
import Glibc
import Synchronization

/// Content on its way in. The caller waits for each write before the next, so the pool's threads touch the state one after the other;
/// the lock makes that safe even for a caller who does not.
final class DiskFileUpload: FileUpload {
  private struct State {
    var file: FileDescriptor?
    var size: Int64 = 0
    var digest = SHA256Digest()
    /// A failed or finished upload takes no more.
    var isOver = false
    /// From here on the content is the commit's: an `abort` that comes meanwhile must leave it alone.
    var isCommitting = false
  }

  private let id: String
  private let store: DiskFileStore
  private let state: Mutex<State>

  init(id: String, file: FileDescriptor, store: DiskFileStore) {
    self.id = id
    self.store = store
    state = Mutex(State(file: file))
  }

  deinit { abort() }

  var size: Int64 { state.withLock { $0.size } }

  func write(_ bytes: [UInt8]) async throws {
    guard !bytes.isEmpty else { return }
    try await store.pool.run { [self] in
      try state.withLock { state in
        guard !state.isOver, let file = state.file else { throw DiskError(action: "write", code: EBADF) }
        do {
          try Self.append(bytes, to: file, at: state.size)
        } catch {
          state.isOver = true
          throw error
        }
        state.digest.update(bytes)
        state.size += Int64(bytes.count)
      }
    }
  }

  private static func append(_ bytes: [UInt8], to file: FileDescriptor, at offset: Int64) throws {
    try bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      var written = 0
      while written < buffer.count {
        let count = pwrite(file.number, base + written, buffer.count - written, off_t(offset) + off_t(written))
        if count < 0 {
          if errno == EINTR { continue }
          throw DiskError.of("write")
        }
        written += count
      }
    }
  }

  func commit(_ target: FileTarget, decide: @escaping @Sendable (StoredFile?, any DocumentReader) throws -> Void) async throws -> StoredFile {
    do {
      let (file, replaced) = try await commitRecord(target, decide)
      if let replaced { store.discard(replaced.contentID) }
      let (content, id) = (store.content, id)
      // The record stands whether or not the content can be moved to its place now.
      store.pool.runSometime { content.settle(id) }
      return file
    } catch {
      removeContent()
      throw error
    }
  }

  private func commitRecord(
    _ target: FileTarget, _ decide: @escaping @Sendable (StoredFile?, any DocumentReader) throws -> Void
  ) async throws -> (stored: StoredFile, replaced: StoredFile?) {
    let (size, digest) = try await store.pool.run { [self] in try flush() }
    let (struck, id) = (store.takeRemoved(), id)
    return try await store.writer.write { transaction in
      let replaced = try transaction.database.file(target.path, in: target.bucket)
      try decide(replaced, transaction.database)
      try transaction.strikeRemains(struck)
      return (try transaction.store(target, size: size, digest: digest, contentID: id, over: replaced), replaced)
    }
  }

  /// Makes the content and its name durable.
  private func flush() throws -> (size: Int64, digest: [UInt8]) {
    try state.withLock { state in
      guard !state.isOver, let file = state.file else { throw DiskError(action: "flush", code: EBADF) }
      state.isOver = true
      state.isCommitting = true
      defer { state.file = nil }
      guard fsync(file.number) == 0 else { throw DiskError.of("flush") }
      guard let folder = FileDescriptor(opening: store.content.incoming, O_RDONLY | O_DIRECTORY), fsync(folder.number) == 0 || errno == EINVAL else {
        throw DiskError.of("flush")
      }
      return (state.size, state.digest.finish())
    }
  }

  func abort() {
    let isOurs = state.withLock { state in
      state.isOver = true
      defer { state.file = nil }
      return state.file != nil && !state.isCommitting
    }
    if isOurs { removeContent() }
  }

  private func removeContent() {
    let path = store.content.incomingPath(id)
    store.pool.runSometime { unlink(path) }
  }
}
