import Core
import Glibc

/// File content on the disk: `files/<first 2 hex digits>/<id>`, and `files/incoming/<id>` until its record is committed.
///
/// Content is renamed into place after the commit that makes its record visible. So whatever lies in `incoming` at a start either has a
/// record and only missed its renaming, or was never acknowledged and goes; nothing else has to be looked through.
struct ContentFolder: Sendable {
  let path: String

  var incoming: String { path + "/incoming" }

  func incomingPath(_ id: String) -> String { incoming + "/" + id }

  func finalPath(_ id: String) -> String { "\(path)/\(Self.fan(id))/\(id)" }

  /// The last digits: an id's first ones are the time, and days would share a folder.
  private static func fan(_ id: String) -> String { String(id.suffix(2)) }

  func makeFolders() throws {
    try DataFolder.makeFolder(path)
    try DataFolder.makeFolder(incoming)
  }

  /// Moves content into place. If that fails it stays in `incoming`, where readers look too, until the next start tries again.
  func settle(_ id: String) {
    let folder = "\(path)/\(Self.fan(id))"
    if rename(incomingPath(id), finalPath(id)) == 0 { return }
    guard errno == ENOENT, mkdir(folder, 0o700) == 0 || errno == EEXIST else { return }
    rename(incomingPath(id), finalPath(id))
  }

  /// True if the content is gone, or was never there.
  func remove(_ id: String) -> Bool {
    var isGone = true
    for place in [finalPath(id), incomingPath(id)] {
      if unlink(place) != 0, errno != ENOENT { isGone = false }
    }
    return isGone
  }

  /// Open for reading, wherever it lies at this moment; nil if it is nowhere.
  func open(_ id: String) throws -> Int32? {
    // It moves from incoming to its place; looking there again closes the gap between the first two looks.
    for place in [finalPath(id), incomingPath(id), finalPath(id)] {
      let descriptor = Glibc.open(place, O_RDONLY | O_CLOEXEC)
      if descriptor >= 0 { return descriptor }
      if errno == EMFILE || errno == ENFILE {
        throw RoostError(.overloaded, "The server has too many files open. Try again in a moment.", retryAfter: .seconds(1))
      }
      guard errno == ENOENT else { throw DiskError(action: "open", code: errno) }
    }
    return nil
  }

  /// Ids of everything in `incoming`.
  func incomingContent() throws -> [String] {
    guard let listing = opendir(incoming) else { throw StorageStartError.system("read the folder", incoming) }
    defer { closedir(listing) }
    var ids: [String] = []
    while let entry = readdir(listing) {
      let name = FolderEntry.name(entry)
      if name != "." && name != ".." { ids.append(name) }
    }
    return ids
  }
}

/// A system call on file content failed; an internal error, unless the disk is full.
struct DiskError: Error, CustomStringConvertible {
  let action: String
  let code: Int32

  var description: String { "Could not \(action) file content: \(String(cString: strerror(code)))" }

  static func of(_ action: String, _ code: Int32 = errno) -> any Error {
    code == ENOSPC || code == EDQUOT || code == EFBIG ? SQLiteError.storageFull : DiskError(action: action, code: code)
  }
}
