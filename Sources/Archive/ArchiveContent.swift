/// Lets through what an archive may hold, and refuses the rest. Readers tell it all that they find.
struct ArchiveContent {
  private let bounds: ArchiveBounds
  private let bytesMax: Int
  private let take: (ArchivePiece) throws -> Void
  /// By their bytes: names that only look alike are different names.
  private var kinds: [[UInt8]: Bool] = [:]
  private(set) var files = 0
  private var bytes = 0

  init(bounds: ArchiveBounds, packedBytes: Int, take: @escaping (ArchivePiece) throws -> Void) {
    self.bounds = bounds
    bytesMax = min(bounds.bytes, max(1 << 20, packedBytes) * bounds.ratio)
    self.take = take
  }

  mutating func folder(_ name: [UInt8]) throws {
    // `tar c .` begins with the folder itself.
    guard let path = try path(name) else { return }
    try addParents(of: path)
    try add(path, isFolder: true)
  }

  mutating func file(_ name: [UInt8], isExecutable: Bool) throws {
    guard name.last != UInt8(ascii: "/"), let path = try path(name) else { throw ArchiveError("The archive has a file without a name.") }
    try addParents(of: path)
    guard kinds[Array(path.utf8)] == nil else { throw ArchiveError("The archive holds '\(path)' twice.") }
    try count(path, isFolder: false)
    files += 1
    try take(.file(path, isExecutable: isExecutable))
  }

  mutating func bytes(_ piece: [UInt8]) throws {
    guard !piece.isEmpty else { return }
    bytes += piece.count
    guard bytes <= bytesMax else {
      throw ArchiveError(
        bytesMax < bounds.bytes
          ? "The archive unpacks to more than \(bounds.ratio) times its size." : "The archive unpacks to more than \(bounds.bytes >> 20) MB.")
    }
    try take(.bytes(piece))
  }

  private mutating func addParents(of path: String) throws {
    let names = path.split(separator: "/")
    for end in 1..<max(1, names.count) { try add(names[..<end].joined(separator: "/"), isFolder: true) }
  }

  private mutating func add(_ path: String, isFolder: Bool) throws {
    switch kinds[Array(path.utf8)] {
    case true?: return
    case false?: throw ArchiveError("The archive has '\(path)' as a file and as a folder.")
    case nil: break
    }
    try count(path, isFolder: isFolder)
    try take(.folder(path))
  }

  private mutating func count(_ path: String, isFolder: Bool) throws {
    kinds[Array(path.utf8)] = isFolder
    guard kinds.count <= bounds.entries else { throw ArchiveError("The archive holds more than \(bounds.entries) files and folders.") }
  }

  /// The path without what means nothing (`./`, a slash at the end). Nil for the archive's own root. Throws for whatever leads out of it or could be
  /// read in two ways.
  private func path(_ name: [UInt8]) throws -> String? {
    guard name.count <= bounds.pathBytes else { throw ArchiveError("The archive has a path of more than \(bounds.pathBytes) bytes.") }
    guard let text = String(validating: name, as: UTF8.self) else { throw ArchiveError("The archive has a name that is not UTF-8.") }
    func refusal(_ why: String) -> ArchiveError {
      ArchiveError("The archive has a path that \(why): '\(String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) }))'.")
    }
    guard name.allSatisfy({ $0 >= 32 && $0 != 127 }) else { throw refusal("holds control characters") }
    guard name.first != UInt8(ascii: "/") else { throw refusal("is absolute") }
    // Windows would see folders in it, and a drive.
    guard !name.contains(UInt8(ascii: "\\")) else { throw refusal("holds a backslash") }
    if name.count >= 2, name[1] == UInt8(ascii: ":") { throw refusal("names a drive") }
    var names: [Substring] = []
    for part in text.split(separator: "/") where part != "." {
      guard part != ".." else { throw refusal("leads out of it") }
      guard part.utf8.count <= bounds.nameBytes else { throw refusal("has a name of more than \(bounds.nameBytes) bytes") }
      names.append(part)
    }
    guard names.count <= bounds.depth else { throw refusal("is more than \(bounds.depth) folders deep") }
    return names.isEmpty ? nil : names.joined(separator: "/")
  }
}
