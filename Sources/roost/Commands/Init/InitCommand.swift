import ArgumentParser
import Glibc
import JSON

struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a folder for a new app: collections, a function, something to start with.",
    discussion: """
      Overwrites nothing: if one of its files is there already, it makes none.

      Example:
        roost init my-app
      """)

  @Argument(help: "The folder, made where it is missing.")
  var folder: String = "."

  @OptionGroup var output: OutputOptions

  func run() async throws {
    var root = folder
    while root.count > 1 && root.hasSuffix("/") { root.removeLast() }
    guard !root.isEmpty else { throw CommandError.use("The folder has no name.") }
    if let present = AppTemplate.files.first(where: { Self.exists("\(root)/\($0.path)") }) {
      throw CommandError("\(root)/\(present.path) is there already; nothing was written.", advice: "Choose another folder: roost init NAME")
    }
    try Self.makeFolder(root)
    for file in AppTemplate.files {
      if let slash = file.path.lastIndex(of: "/") { try Self.makeFolder("\(root)/\(file.path[..<slash])") }
      try Self.write(file.text, to: "\(root)/\(file.path)")
    }
    output.done(
      AppTemplate.nextSteps(folder: root), ["folder": .string(root), "files": .array(AppTemplate.files.map { .string($0.path) })])
  }

  /// A link to nowhere counts too: it would be written through.
  private static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  private static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o755) == 0 { return }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeFolder(String(path[..<slash]))
      if mkdir(path, 0o755) == 0 { return }
    }
    var status = stat()
    let error = errno
    guard error == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      errno = error
      throw InputBytes.failure("make the folder", path)
    }
  }

  private static func write(_ text: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw InputBytes.failure("write", path) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw InputBytes.failure("write", path) }
  }
}
