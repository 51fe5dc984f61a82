import Core
import Glibc

/// The server's data folder: a lock, the master key, and a folder for each project.
package final class DataFolder: Sendable {
  package let path: String
  /// 32 random bytes under which secrets are sealed; lost with the folder, so it belongs into every backup.
  package let masterKey: [UInt8]
  /// Whether this process is the folder's server. Without the lock (the command line's local mode) nothing is tidied up.
  package let isLocked: Bool
  private let lock: FileDescriptor?

  /// - Parameter locking: for a server. The command line opens the folder beside a running one.
  /// - Throws: `StorageStartError`: no permission, read-only, full, or another server on the same folder.
  package init(path: String, locking: Bool) throws {
    self.path = path
    try Self.makeFolder(path)
    let lock = locking ? try Self.takeLock(path + "/roost.lock", folder: path) : nil
    self.lock = lock
    isLocked = lock != nil
    masterKey = try Self.masterKey(at: path + "/master.key", in: path)
  }

  func projectPath(_ name: String) -> String { "\(path)/projects/\(name)" }

  /// Names of the projects that have a folder.
  package func projects() throws -> [String] {
    guard let listing = opendir(path + "/projects") else {
      if errno == ENOENT { return [] }
      throw StorageStartError.system("read the folder", path + "/projects")
    }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = FolderEntry.name(entry)
      if Names.isValidName(name) { names.append(name) }
    }
    return names.sorted()
  }

  // MARK: Steps

  /// Makes the folder and those above it, for this user only.
  static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o700) == 0 { return try syncFolder(parent(of: path)) }
    switch errno {
    case EEXIST:
      var status = stat()
      guard stat(path, &status) == 0 else { throw StorageStartError.system("use the folder", path) }
      guard status.st_mode & S_IFMT == S_IFDIR else { throw StorageStartError("Cannot use the folder \(path): there is a file of that name.") }
      guard access(path, R_OK | W_OK | X_OK) == 0 else { throw StorageStartError.system("write to the folder", path) }
    case ENOENT where parent(of: path) != path:
      try makeFolder(parent(of: path))
      guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw StorageStartError.system("make the folder", path) }
      try syncFolder(parent(of: path))
    default:
      throw StorageStartError.system("make the folder", path)
    }
  }

  private static func parent(of path: String) -> String {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
  }

  /// A new name in a folder is durable once the folder itself was flushed.
  static func syncFolder(_ path: String) throws {
    guard let folder = FileDescriptor(opening: path, O_RDONLY | O_DIRECTORY) else { throw StorageStartError.system("read the folder", path) }
    guard fsync(folder.number) == 0 || errno == EINVAL else { throw StorageStartError.system("flush the folder", path) }
  }

  private static func takeLock(_ path: String, folder: String) throws -> FileDescriptor {
    guard let lock = FileDescriptor(opening: path, O_RDWR | O_CREAT, 0o600) else { throw StorageStartError.system("write", path) }
    guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else {
      guard errno == EWOULDBLOCK else { throw StorageStartError.system("lock", path) }
      throw StorageStartError("Another Roost server is already running on the folder \(folder). Stop it first, or choose another folder with --data.")
    }
    return lock
  }

  private static func masterKey(at path: String, in folder: String) throws -> [UInt8] {
    if let key = try readKey(path) { return key }
    // A new key beside old data would open none of its secrets.
    guard access(folder + "/projects", F_OK) != 0 else {
      throw StorageStartError("The master key \(path) is missing, but the folder holds data that is sealed with it. Put the key back from a backup.")
    }
    // Written under another name and linked into place, so that there is never half a key, and two processes get the same one.
    let new = "\(path).new-\(getpid())"
    unlink(new)
    guard let file = FileDescriptor(opening: new, O_WRONLY | O_CREAT | O_EXCL, 0o600) else { throw StorageStartError.system("write", new) }
    defer { unlink(new) }
    let key = SecureRandom.bytes(SecretBox.keyBytes)
    guard write(file.number, key, key.count) == key.count, fsync(file.number) == 0 else { throw StorageStartError.system("write", new) }
    // Where the file system knows no hard links, a rename does as well, unless two processes make the first start at once.
    guard link(new, path) == 0 || errno == EEXIST || rename(new, path) == 0 else { throw StorageStartError.system("write", path) }
    try syncFolder(folder)
    guard let key = try readKey(path) else { throw StorageStartError("The master key \(path) vanished while it was made.") }
    return key
  }

  private static func readKey(_ path: String) throws -> [UInt8]? {
    guard let file = FileDescriptor(opening: path, O_RDONLY) else {
      if errno == ENOENT { return nil }
      throw StorageStartError.system("read", path)
    }
    var key = [UInt8](repeating: 0, count: SecretBox.keyBytes + 1)
    let count = read(file.number, &key, key.count)
    guard count == SecretBox.keyBytes else {
      throw StorageStartError("The master key \(path) is damaged: it has \(max(0, count)) bytes instead of \(SecretBox.keyBytes). Restore it from a backup.")
    }
    return Array(key.prefix(count))
  }
}
