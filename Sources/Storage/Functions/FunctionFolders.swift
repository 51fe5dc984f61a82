import Archive
import CDisk
import Core
import Glibc
import Synchronization

/// What archives of functions unpack to: `functions/<folder>`, and `functions/incoming/<id>` until it is whole. A folder in its place never changes;
/// it goes when no version has it any more.
final class FunctionFolders: Sendable {
  private struct Hands {
    var held: [String: Int] = [:]
    /// When each folder was last taken in hand, in order.
    var taken: [String: UInt64] = [:]
    var count: UInt64 = 0
  }

  let path: String
  /// Unpacking and removing block on the disk.
  let pool: WorkPool
  private let hands = Mutex(Hands())

  private var incoming: String { path + "/incoming" }

  init(path: String) throws {
    self.path = path
    try DataFolder.makeFolder(path)
    try DataFolder.makeFolder(path + "/incoming")
    pool = WorkPool(threads: 2, queued: 256, name: "archives-")
  }

  func close() async { await pool.close() }

  // MARK: On its way in. All these block.

  func unpack(_ archive: [UInt8]) throws -> (path: String, files: Set<String>) {
    let folder = "\(incoming)/\(hexadecimal(SecureRandom.bytes(16)))"
    guard mkdir(folder, 0o700) == 0 else { throw DiskError.of("make a folder for") }
    do {
      var writer = FolderWriter(folder)
      try Archive.unpack(archive) { try writer.take($0) }
      try writer.finish()
      return (folder, writer.files)
    } catch {
      FolderTree.remove(folder)
      guard let error = error as? ArchiveError else { throw error }
      throw RoostError(.deployRefused, error.message)
    }
  }

  /// Moves a whole folder to its place, durably. What lies there already is the same.
  func settle(_ staged: String, as name: String) throws {
    FolderTree.remove("\(staged)/\(FunctionArchive.scratch)")
    try FolderTree.openUp(staged)
    guard let folder = FileDescriptor(opening: staged, O_RDONLY | O_DIRECTORY), roost_flush_file_system(folder.number) == 0 else { throw DiskError.of("flush") }
    if rename(staged, place(name)) != 0 {
      guard errno == EEXIST || errno == ENOTEMPTY else { throw DiskError.of("move") }
      FolderTree.remove(staged)
    }
    guard let all = FileDescriptor(opening: path, O_RDONLY | O_DIRECTORY), fsync(all.number) == 0 || errno == EINVAL else { throw DiskError.of("flush") }
  }

  func place(_ name: String) -> String { path + "/" + name }

  func exists(_ name: String) -> Bool { access(place(name), R_OK | X_OK) == 0 }

  // MARK: In hand

  /// Keeps a folder although no version may have it.
  func hold(_ name: String) {
    hands.withLock { hands in
      hands.count += 1
      hands.held[name, default: 0] += 1
      hands.taken[name] = hands.count
    }
  }

  func letGo(_ name: String) {
    hands.withLock { hands in
      let left = hands.held[name, default: 1] - 1
      hands.held[name] = left > 0 ? left : nil
    }
  }

  /// A moment, for `removeUnused`.
  var moment: UInt64 { hands.withLock { $0.count } }

  /// Names of all folders in their places.
  func names() throws -> [String] { try FolderTree.entries(path).filter { $0 != "incoming" } }

  /// Removes folders that no version had, if nobody has taken them in hand since `moment`, which lies before that was found out. Blocks.
  func removeUnused(_ names: [String], since moment: UInt64) {
    for name in names {
      let gone = "\(incoming)/\(hexadecimal(SecureRandom.bytes(16)))"
      let isMoved = hands.withLock { hands in
        guard hands.held[name] == nil, hands.taken[name, default: 0] <= moment else { return false }
        hands.taken[name] = nil
        return rename(place(name), gone) == 0
      }
      if isMoved { FolderTree.remove(gone) }
    }
  }

  /// At a start: whatever was on its way. Blocks.
  func sweepIncoming() throws {
    for name in try FolderTree.entries(incoming) { FolderTree.remove("\(incoming)/\(name)") }
  }
}
