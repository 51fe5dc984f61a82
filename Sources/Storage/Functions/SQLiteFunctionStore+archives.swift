import Core
import Glibc
import Synchronization

extension SQLiteFunctionStore {
  var archivesPath: String { folders.path }

  func stage(_ archive: [UInt8]) async throws -> any StagedArchive {
    let (folders, checksum) = (folders, hexadecimal(SHA256Digest.hash(archive)))
    let (path, files) = try await folders.pool.run { try folders.unpack(archive) }
    return StagedFolder(self, checksum: checksum, size: Int64(archive.count), path: path, files: files)
  }

  func archive(_ checksum: String, of function: String, runtime: FunctionRuntimeKind) async throws -> any StagedArchive {
    let found = try await readers.read { database -> FunctionArchive? in
      let number = try database.requireFunction(function).number
      return try database.first(
        "SELECT size FROM function_versions WHERE function = ? AND checksum = ? AND archive IS NOT NULL LIMIT 1", .int(number), .text(checksum)
      ) { FunctionArchive(checksum: checksum, size: $0.int(0), runtime: runtime) }
    }
    let missing = RoostError(.notFound, "The function '\(function.prefix(80))' has no version with the archive \(checksum.prefix(64)) and this runtime.")
    guard let found else { throw missing }
    folders.hold(found.folder)
    let folders = folders
    guard let files = try? await folders.pool.run({ try FolderTree.files(in: folders.place(found.folder)) }) else {
      folders.letGo(found.folder)
      throw missing
    }
    return StagedFolder(self, kept: found, files: files)
  }

  /// Removes what no version has any more.
  func removeUnusedFolders() async throws {
    let folders = folders
    let moment = folders.moment
    let names = try await folders.pool.run { try folders.names() }
    guard !names.isEmpty else { return }
    let used = try await readers.read { try $0.rows("SELECT DISTINCT archive FROM function_versions WHERE archive IS NOT NULL") { $0.text(0) } }
    let unused = names.filter { !Set(used).contains($0) }
    guard !unused.isEmpty else { return }
    try await folders.pool.run { folders.removeUnused(unused, since: moment) }
  }

  /// At a start. Only the folder's server may do this.
  func sweepFolders() async throws {
    let folders = folders
    try await folders.pool.run { try folders.sweepIncoming() }
    try await removeUnusedFolders()
  }
}

/// An unpacked archive between its upload and its version.
private final class StagedFolder: StagedArchive {
  private enum State {
    /// In `incoming`.
    case staged
    /// In its place, and held there.
    case kept(FunctionArchive)
    case released
  }

  let checksum: String
  let size: Int64
  let files: Set<String>
  private let store: SQLiteFunctionStore
  private let staged: String
  private let state: Mutex<State>

  init(_ store: SQLiteFunctionStore, checksum: String, size: Int64, path: String, files: Set<String>) {
    self.store = store
    self.checksum = checksum
    self.size = size
    self.files = files
    staged = path
    state = Mutex(.staged)
  }

  /// One that is in its place already, and held.
  init(_ store: SQLiteFunctionStore, kept archive: FunctionArchive, files: Set<String>) {
    self.store = store
    checksum = archive.checksum
    size = archive.size
    self.files = files
    staged = store.folders.place(archive.folder)
    state = Mutex(.kept(archive))
  }

  var path: String { staged }

  func read(_ file: String, bytesMax: Int) async throws -> [UInt8]? {
    guard files.contains(file) else { return nil }
    let place = "\(staged)/\(file)"
    return try await store.folders.pool.run {
      guard let file = FileDescriptor(opening: place, O_RDONLY | O_NOFOLLOW) else { throw DiskError.of("read") }
      var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
      var count = 0
      while count < bytes.count {
        let more = bytes.withUnsafeMutableBytes { pread(file.number, $0.baseAddress?.advanced(by: count), $0.count - count, off_t(count)) }
        if more < 0, errno == EINTR { continue }
        guard more >= 0 else { throw DiskError.of("read") }
        if more == 0 { return Array(bytes.prefix(count)) }
        count += more
      }
      throw RoostError(.deployRefused, "The archive's \(place.split(separator: "/").last ?? "manifest") is larger than \(bytesMax) bytes.")
    }
  }

  func isKept(for runtime: FunctionRuntimeKind) async throws -> Bool {
    if case .kept = state.withLock({ $0 }) { return true }
    return store.folders.exists(FunctionArchive(checksum: checksum, size: size, runtime: runtime).folder)
  }

  func keep(for runtime: FunctionRuntimeKind) async throws -> FunctionArchive {
    if case .kept(let archive) = state.withLock({ $0 }) { return archive }
    let archive = FunctionArchive(checksum: checksum, size: size, runtime: runtime)
    let (folders, staged) = (store.folders, staged)
    folders.hold(archive.folder)
    do {
      try await folders.pool.run { try folders.settle(staged, as: archive.folder) }
    } catch {
      folders.letGo(archive.folder)
      throw error
    }
    state.withLock { $0 = .kept(archive) }
    return archive
  }

  func release() async {
    let before = state.withLock { state in
      defer { state = .released }
      return state
    }
    let (folders, staged) = (store.folders, staged)
    switch before {
    case .released: break
    case .staged: try? await folders.pool.run { FolderTree.remove(staged) }
    case .kept(let archive):
      folders.letGo(archive.folder)
      // What cannot be removed now goes at the next deploy, or start.
      try? await store.removeUnusedFolders()
    }
  }
}
