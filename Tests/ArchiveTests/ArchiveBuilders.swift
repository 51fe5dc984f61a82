@testable import Archive

/// Zip files as no program would write them: each field can be wrong.
struct ZipBuilder {
  struct Entry {
    var name: [UInt8]
    var content: [UInt8] = Array("x".utf8)
    var method: UInt16 = 0
    var flags: UInt16 = 0
    /// Unix mode; nil: made on another system.
    var mode: UInt32? = 0o100644
    var localName: [UInt8]?
    var statedCount: UInt32?
    var crc: UInt32?
    /// Where the directory says that it begins.
    var header: UInt32?

    init(_ name: String) { self.name = Array(name.utf8) }
  }

  var entries: [Entry] = []
  var comment: [UInt8] = []
  var statedEntries: UInt16?

  init(_ entries: [Entry]) { self.entries = entries }

  init(_ names: String...) { entries = names.map(Entry.init) }

  func build() -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let start = UInt32(file.count)
      let crc = entry.crc ?? Self.crc(entry.content)
      let count = entry.statedCount ?? UInt32(entry.content.count)
      let sizes = Self.word(crc) + Self.word(UInt32(entry.content.count)) + Self.word(count)
      let local = entry.localName ?? entry.name
      file += Self.word(0x0403_4b50) + Self.half(20) + Self.half(entry.flags) + Self.half(entry.method) + Self.word(0) + sizes
      file += Self.half(UInt16(local.count)) + Self.half(0) + local + entry.content
      directory += Self.word(0x0201_4b50) + Self.half(entry.mode == nil ? 20 : 3 << 8 | 20) + Self.half(20) + Self.half(entry.flags) + Self.half(entry.method)
      directory += Self.word(0) + sizes + Self.half(UInt16(entry.name.count)) + Self.half(0) + Self.half(0) + Self.half(0) + Self.half(0)
      directory += Self.word((entry.mode ?? 0) << 16) + Self.word(entry.header ?? start) + entry.name
    }
    let count = statedEntries ?? UInt16(entries.count)
    let end =
      Self.word(0x0605_4b50) + Self.half(0) + Self.half(0) + Self.half(count) + Self.half(count) + Self.word(UInt32(directory.count))
      + Self.word(UInt32(file.count)) + Self.half(UInt16(comment.count)) + comment
    return file + directory + end
  }

  private static func half(_ number: UInt16) -> [UInt8] { [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)] }
  private static func word(_ number: UInt32) -> [UInt8] { half(UInt16(truncatingIfNeeded: number)) + half(UInt16(truncatingIfNeeded: number >> 16)) }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
    }
  }
}

/// Tar files likewise.
struct TarBuilder {
  private var tar: [UInt8] = []

  mutating func add(_ name: String, type: Character = "0", content: [UInt8] = [], statedSize: String? = nil, link: String = "") {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at place: Int) { block.replaceSubrange(place..<(place + text.utf8.count), with: Array(text.utf8)) }
    func octal(_ number: Int, _ digits: Int) -> String { String(repeating: "0", count: digits - String(number, radix: 8).count) + String(number, radix: 8) }
    put(name, at: 0)
    put("0000644", at: 100)
    put(statedSize ?? octal(content.count, 11), at: 124)
    put("        ", at: 148)
    put(String(type), at: 156)
    put(link, at: 157)
    put("ustar\0" + "00", at: 257)
    put(octal(block.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
    tar += block + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  func build(isEnded: Bool = true) throws -> [UInt8] { try TarWriter.gzip(tar + [UInt8](repeating: 0, count: isEnded ? 1024 : 0)) }
}

/// What came out of an archive: files with their text, folders with nil.
func unpacked(_ archive: [UInt8], bounds: ArchiveBounds = ArchiveBounds()) throws -> [String: String?] {
  var found: [String: String?] = [:]
  var current = ""
  try Archive.unpack(archive, bounds: bounds) { piece in
    switch piece {
    case .folder(let path): found[path] = .some(nil)
    case .file(let path, let isExecutable):
      current = path
      found[path] = isExecutable ? "!" : ""
    case .bytes(let bytes): found[current] = (found[current] ?? "").map { $0 + String(decoding: bytes, as: UTF8.self) }
    }
  }
  return found
}
