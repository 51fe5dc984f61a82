import Archive
import Core
import Glibc

/// A folder as an archive: the same files always give the same bytes, so that the server knows it again.
struct PackedFolder {
  /// The server's own limits.
  private static let filesMax = 10_000
  private static let bytesMax = 256 << 20

  let archive: [UInt8]
  let files: [String]

  init(_ folder: String) throws {
    let ignored = try IgnoredFiles(folder: folder)
    let files = try Self.files(in: folder, "", ignored)
    guard !files.isEmpty else { throw CommandError("\(folder) holds no file that would be deployed.") }
    var writer = TarWriter()
    var bytes = 0
    for file in files.sorted() {
      let path = "\(folder)/\(file)"
      let content = try InputBytes.read(path, bytesMax: Self.bytesMax)
      bytes += content.count
      guard bytes <= Self.bytesMax else {
        throw CommandError("\(folder) holds more than \(Self.bytesMax >> 20) MB; leave out what is not needed with a .roostignore.")
      }
      writer.add(file, content, isExecutable: access(path, X_OK) == 0)
    }
    archive = try writer.finish()
    self.files = files
  }

  private static func files(in folder: String, _ prefix: String, _ ignored: IgnoredFiles) throws -> [String] {
    guard let listing = opendir(folder) else { throw InputBytes.failure("read", folder) }
    defer { closedir(listing) }
    var files: [String] = []
    while let entry = readdir(listing) {
      let name = FolderEntry.name(entry)
      guard name != ".", name != "..", !ignored.leavesOut(prefix + name) else { continue }
      var status = stat()
      guard stat("\(folder)/\(name)", &status) == 0 else { throw InputBytes.failure("read", "\(folder)/\(name)") }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        guard prefix.utf8.count + name.utf8.count < 500 else { throw CommandError("\(folder)/\(name) is too deep; does a link lead round in circles?") }
        files += try Self.files(in: "\(folder)/\(name)", "\(prefix)\(name)/", ignored)
      case S_IFREG: files.append(prefix + name)
      default: throw CommandError("\(folder)/\(name) is neither a file nor a folder.")
      }
      guard files.count <= filesMax else { throw CommandError("\(folder) has more than \(filesMax) files; leave out what is not needed with a .roostignore.") }
    }
    return files
  }
}

/// What of a folder is not deployed: hidden files, caches and `node_modules`, and what `.roostignore` names, one pattern a line. A pattern is a path, or a name at any
/// depth; `*` stands for anything but a slash; `!` before it takes in again.
struct IgnoredFiles {
  private let patterns: [(pattern: String, takesIn: Bool)]

  init(folder: String) throws {
    var patterns: [(pattern: String, takesIn: Bool)] = [".*", "node_modules", "__pycache__", "*.pyc"].map { ($0, false) }
    let file = folder + "/.roostignore"
    if access(file, R_OK) == 0 {
      for line in String(decoding: try InputBytes.read(file, bytesMax: 64 << 10), as: UTF8.self).split(whereSeparator: \.isNewline) {
        let text = String(line.drop { $0 == " " }.reversed().drop { $0 == " " || $0 == "/" }.reversed())
        guard !text.isEmpty, !text.hasPrefix("#") else { continue }
        patterns.append(text.hasPrefix("!") ? (String(text.dropFirst()), true) : (text, false))
      }
    }
    self.patterns = patterns
  }

  init(_ patterns: [String]) {
    self.patterns = patterns.map { $0.hasPrefix("!") ? (String($0.dropFirst()), true) : ($0, false) }
  }

  /// The last pattern that fits decides.
  func leavesOut(_ path: String) -> Bool {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let last = patterns.last { pattern, _ in
      pattern.contains("/") ? Self.fits(path, pattern.hasPrefix("/") ? String(pattern.dropFirst()) : pattern) : Self.fits(name, pattern)
    }
    return last.map { !$0.takesIn } ?? false
  }

  private static func fits(_ text: String, _ pattern: String) -> Bool { fnmatch(pattern, text, Int32(FNM_PATHNAME)) == 0 }
}
