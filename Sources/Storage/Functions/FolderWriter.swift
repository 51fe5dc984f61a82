import Archive
import Core
import Glibc

/// Writes an archive's pieces into a new folder, in which nothing but its own files can be.
struct FolderWriter {
  private let folder: String
  private var file: FileDescriptor?
  private(set) var files: Set<String> = []

  init(_ folder: String) {
    self.folder = folder
  }

  mutating func take(_ piece: ArchivePiece) throws {
    switch piece {
    case .folder(let path):
      file = nil
      guard mkdir("\(folder)/\(path)", 0o755) == 0 else { throw DiskError.of("make a folder of") }
    case .file(let path, let isExecutable):
      file = FileDescriptor(opening: "\(folder)/\(path)", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, isExecutable ? 0o755 : 0o644)
      guard file != nil else { throw DiskError.of("create") }
      files.insert(path)
    case .bytes(let bytes):
      guard let file else { return }
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(file.number, $0.baseAddress, $0.count) }
        guard count > 0 || count < 0 && errno == EINTR else { throw DiskError.of("write") }
        if count > 0 { rest = rest.dropFirst(count) }
      }
    }
  }

  mutating func finish() throws {
    file = nil
    // Until here for this user only.
    guard chmod(folder, 0o755) == 0 else { throw DiskError.of("open up") }
  }
}

/// Folders and what is in them.
enum FolderTree {
  static func entries(_ path: String) throws -> [String] {
    guard let listing = opendir(path) else { throw DiskError.of("list") }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = FolderEntry.name(entry)
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Paths of all files, those of links left out.
  static func files(in folder: String, below prefix: String = "") throws -> Set<String> {
    var files: Set<String> = []
    for name in try entries(folder) {
      var status = stat()
      guard lstat("\(folder)/\(name)", &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: files.formUnion(try self.files(in: "\(folder)/\(name)", below: "\(prefix)\(name)/"))
      case S_IFREG: files.insert(prefix + name)
      default: break
      }
    }
    return files
  }

  /// Lets every user read what is in a folder, whatever the server's umask: workers are others. The folder above it is the server's alone.
  static func openUp(_ path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw DiskError.of("look into") }
    let mode = status.st_mode & 0o7777
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      guard mode == 0o755 || chmod(path, 0o755) == 0 else { throw DiskError.of("open up") }
      for name in try entries(path) { try openUp(path + "/" + name) }
    case S_IFREG:
      let wanted: mode_t = mode & 0o100 != 0 ? 0o755 : 0o644
      guard mode == wanted || chmod(path, wanted) == 0 else { throw DiskError.of("open up") }
    default: break
    }
  }

  /// Removes a folder with all that is in it, without following links. What cannot be removed stays: the next start tries again.
  static func remove(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      unlink(path)
      return
    }
    for name in (try? entries(path)) ?? [] { remove(path + "/" + name) }
    rmdir(path)
  }
}
