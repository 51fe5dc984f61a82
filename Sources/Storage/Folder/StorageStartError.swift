import Glibc

/// Why a data folder cannot be used: for the one who starts the server, so it names the path.
package struct StorageStartError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String

  package init(_ message: String) {
    self.message = message
  }

  package var description: String { message }

  /// A system call on `path` failed.
  static func system(_ action: String, _ path: String, _ error: Int32 = errno) -> StorageStartError {
    let reason =
      switch error {
      case EACCES, EPERM: "this user has no permission. Give it the folder, or choose another with --data"
      case EROFS: "the file system is read-only"
      case ENOSPC, EDQUOT: "the disk is full"
      case ENOTDIR, EEXIST: "there is something else of that name"
      default: String(cString: strerror(error))
      }
    return StorageStartError("Cannot \(action) \(path): \(reason).")
  }
}
