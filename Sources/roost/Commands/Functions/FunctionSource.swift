import Core
import Glibc
import JSON

/// A program on disk, with the name it is deployed under and the manifest beside it.
struct FunctionSource {
  let name: String
  let text: String
  /// Instead of a text: a `.zip` or `.tar.gz`, or a folder that was packed.
  let archive: [UInt8]?
  let manifest: JSONObject?
  /// Its name: errors call it so, and its ending tells whether JavaScript may have types.
  let file: String?
  /// What the file's ending says about what runs it, unless that is JavaScript.
  let runtime: String?

  /// The server's own limit.
  private static let bytesMax = 1 << 20
  private static let filesMax = 1000
  private static let archiveBytesMax = 64 << 20
  private static let endings = ["js", "mjs", "ts", "py", "sh"]

  /// - Parameter source: a file; then `path` is a name.
  static func find(_ path: String, source: String?) throws -> [FunctionSource] {
    if let source, isArchive(source) { return [FunctionSource(name: path, archive: try InputBytes.read(source, bytesMax: archiveBytesMax), manifest: nil)] }
    if let source { return [FunctionSource(name: path, text: try text(source), manifest: nil, path: source)] }
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw errno == ENOENT
        ? CommandError.use(
          "There is no file or folder \(path).", advice: "To deploy under a name of its own: roost functions deploy NAME --source FILE")
        : InputBytes.failure("read", path)
    }
    if status.st_mode & S_IFMT == S_IFDIR { return try inFolder(path) }
    return [isArchive(path) ? try FunctionSource(archive: path) : try FunctionSource(file: path)]
  }

  static func manifest(_ path: String) throws -> JSONObject {
    var manifest = try JSONInput.object(InputBytes.read(path, bytesMax: bytesMax), name: path).objectValue ?? [:]
    manifest["source"] = nil
    return manifest
  }

  private init(name: String, text: String, manifest: JSONObject?, path: String) {
    let ending = Self.split(path).ending
    self.name = name
    let last = path.split(separator: "/").last.map(String.init) ?? ""
    file = ["js", "mjs", "ts", "py"].contains(ending) && last.utf8.count <= 128 && last.utf8.allSatisfy(Self.isPlain) ? last : nil
    self.text = text
    self.manifest = manifest
    archive = nil
    runtime = ["py": "python", "sh": "command"][ending]
  }

  private init(name: String, archive: [UInt8], manifest: JSONObject?, ending: String = "") {
    self.name = name
    text = ""
    file = nil
    self.archive = archive
    self.manifest = manifest
    runtime = ["py": "python", "sh": "command"][ending]
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    default: "._-".utf8.contains(byte)
    }
  }

  private static func isArchive(_ path: String) -> Bool { [".zip", ".tar.gz", ".tgz"].contains { path.hasSuffix($0) } }

  /// `resize.tar.gz` deploys 'resize', described by resize.json beside it or by the function.json in it.
  private init(archive path: String) throws {
    let ending = [".zip", ".tar.gz", ".tgz"].first { path.hasSuffix($0) } ?? ""
    let stem = String(path.dropLast(ending.count))
    let beside = stem + ".json"
    self.init(
      name: stem.split(separator: "/").last.map(String.init) ?? stem, archive: try InputBytes.read(path, bytesMax: Self.archiveBytesMax),
      manifest: access(beside, F_OK) == 0 ? try Self.manifest(beside) : nil)
  }

  private init(file path: String) throws {
    let (stem, ending) = Self.split(path)
    guard let name = stem.split(separator: "/").last, Self.endings.contains(ending) else {
      throw CommandError.use("\(path) is not a function.", advice: "Expected a file that ends in .js, .mjs, .ts, .py or .sh.")
    }
    let beside = stem + ".json"
    self.init(name: String(name), text: try Self.text(path), manifest: access(beside, F_OK) == 0 ? try Self.manifest(beside) : nil, path: path)
  }

  private static func inFolder(_ path: String) throws -> [FunctionSource] {
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    let names = try listing(path)
    let main = ["index", "main"].flatMap { stem in endings.map { "\(stem).\($0)" } }.first(where: names.contains)
    // With anything beside its program, or another one than these, the folder goes as it is.
    if main == nil ? names.contains("function.json") : names.contains(where: { $0 != main && $0 != "function.json" }) {
      let packed = try PackedFolder(path)
      guard packed.archive.count <= archiveBytesMax else { throw CommandError("\(path) packs to more than \(archiveBytesMax >> 20) MB.") }
      return [
        FunctionSource(
          name: try nameOf(folder: path), archive: packed.archive, manifest: names.contains("function.json") ? try manifest(path + "/function.json") : nil,
          ending: main.map { split($0).ending } ?? "")
      ]
    }
    if let main {
      return [
        FunctionSource(
          name: try nameOf(folder: path), text: try text("\(path)/\(main)"),
          manifest: names.contains("function.json") ? try manifest(path + "/function.json") : nil, path: main)
      ]
    }
    let programs = names.filter { endings.contains(split($0).ending) }.sorted()
    // Others are what these import, or are described on the server only.
    let files = programs.filter { names.contains(split($0).stem + ".json") }
    guard !programs.isEmpty else { throw CommandError.use("There is no function in \(path): no file that ends in .js, .mjs, .ts, .py or .sh.") }
    guard !files.isEmpty else {
      throw CommandError.use(
        "No program in \(path) has a JSON file of its name beside it that says what makes it run.",
        advice: "Add e.g. \(split(programs[0]).stem).json with {\"triggers\": […]}, or deploy the file by itself: roost functions deploy \(path)/\(programs[0])"
      )
    }
    return try files.map { try FunctionSource(file: "\(path)/\($0)") }
  }

  /// `.` and `..` have a name too, once they are resolved.
  private static func nameOf(folder path: String) throws -> String {
    guard let real = realpath(path, nil) else { throw InputBytes.failure("read", path) }
    defer { free(real) }
    return String(cString: real).split(separator: "/").last.map(String.init) ?? path
  }

  private static func listing(_ path: String) throws -> [String] {
    guard let listing = opendir(path) else { throw InputBytes.failure("read", path) }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = FolderEntry.name(entry)
      if !name.hasPrefix(".") { names.append(name) }
      guard names.count <= filesMax else { throw CommandError("\(path) has more than \(filesMax) files; is it the right folder?") }
    }
    return names
  }

  private static func text(_ path: String) throws -> String {
    guard let text = String(validating: try InputBytes.read(path, bytesMax: bytesMax), as: UTF8.self) else {
      throw CommandError("\(path) is not UTF-8.")
    }
    guard !text.isEmpty else { throw CommandError("\(path) is empty.") }
    return text
  }

  private static func split(_ path: String) -> (stem: String, ending: String) {
    guard let dot = path.lastIndex(of: "."), dot != path.startIndex, !path[dot...].contains("/") else { return (path, "") }
    return (String(path[..<dot]), String(path[path.index(after: dot)...]))
  }
}
