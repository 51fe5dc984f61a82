import Testing

@testable import Archive

@Suite("Archives of strangers")
struct ArchiveTests {
  @Test("What is packed comes out again, and the same files give the same bytes")
  func roundTrip() throws {
    let long = (0..<12).map { "folder-number-\($0)" }.joined(separator: "/") + "/main.py"
    func pack() throws -> [UInt8] {
      var writer = TarWriter()
      writer.add("main.ts", Array("export default 1".utf8))
      writer.add("bin/run", Array("#!".utf8), isExecutable: true)
      writer.add("empty.txt", [])
      writer.add(long, Array("x".utf8))
      writer.add("größe/名前.txt", [UInt8](repeating: 97, count: 512))
      return try writer.finish()
    }
    let archive = try pack()
    let found = try unpacked(archive)
    #expect(found["main.ts"] == "export default 1" && found["bin/run"] == "!#!" && found["empty.txt"] == "" && found[long] == "x")
    #expect(found["größe/名前.txt"] == String(repeating: "a", count: 512) && found["bin"] == .some(nil))
    #expect(found.count == 5 + 1 + 12 + 1)
    #expect(try pack() == archive)
  }

  @Test("A zip file comes out, folders and modes of its own too")
  func zip() throws {
    var run = ZipBuilder.Entry("bin/run")
    run.mode = 0o100755
    var folder = ZipBuilder.Entry("bin/")
    (folder.content, folder.mode) = ([], 0o040755)
    var windows = ZipBuilder.Entry("./a/b.txt")
    windows.mode = nil
    var builder = ZipBuilder([folder, run, windows])
    builder.comment = Array("a comment with PK\u{5}\u{6} in it".utf8)
    #expect(try unpacked(builder.build()) == ["bin": nil, "bin/run": "!x", "a": nil, "a/b.txt": "x"])
  }

  static let hostileNames = [
    "/etc/passwd", "../x", "a/../../x", "a/..", "..", "a\\b", "..\\x", "C:/x", "C:x", "a\u{1}b", "a\nb", "a\u{7f}", "\u{0}a", "",
    String(repeating: "a", count: 256), String(repeating: "a/", count: 40) + "a", String(repeating: "abcdefg/", count: 80) + "a", ".", "./", "//", "/",
  ]

  @Test("A name that leads elsewhere is refused", arguments: hostileNames)
  func names(_ name: String) throws {
    #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder("good", name).build()) }
    guard name.utf8.count <= 100, !name.utf8.contains(0), !name.isEmpty else { return }
    var tar = TarBuilder()
    tar.add("good", content: [1])
    tar.add(name, content: [1])
    #expect(throws: ArchiveError.self) { try unpacked(tar.build()) }
    // The same by pax's long name.
    var pax = TarBuilder()
    let line = " path=\(name)\n"
    let length = line.utf8.count + 2
    guard length < 100, length >= 10 else { return }
    pax.add("x", type: "x", content: Array("\(length)\(line)".utf8))
    pax.add("good", content: [1])
    #expect(throws: ArchiveError.self) { try unpacked(pax.build()) }
  }

  @Test("Names that are no text are refused")
  func bytes() throws {
    for name in [[0xff, 0xfe], [0x61, 0xc0, 0xaf], [0xed, 0xa0, 0x80]] as [[UInt8]] {
      var entry = ZipBuilder.Entry("x")
      entry.name = name
      #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder([entry]).build()) }
    }
  }

  @Test("A name comes once, and is a file or a folder")
  func twice() throws {
    #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder("a", "a").build()) }
    #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder("a", "./a").build()) }
    #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder("a/b", "a//b").build()) }
    #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder("a", "a/b").build()) }
    #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder("a/b", "a").build()) }
    // Names that only look alike are two names, as they are on the disk.
    #expect(try unpacked(ZipBuilder("A", "a").build()).count == 2)
    var count = 0
    try Archive.unpack(ZipBuilder("\u{e9}", "e\u{301}").build()) { if case .file = $0 { count += 1 } }
    #expect(count == 2)
  }

  @Test("Links, devices and pipes are refused", arguments: ["1", "2", "3", "4", "6", "S", "V", "K"] as [Character])
  func types(_ type: Character) throws {
    var tar = TarBuilder()
    tar.add("good", content: [1])
    tar.add("bad", type: type, content: type == "K" ? [1] : [], link: "/etc/passwd")
    #expect(throws: ArchiveError.self) { try unpacked(tar.build()) }
  }

  @Test("So are those of a zip file", arguments: [0o120777, 0o020666, 0o060666, 0o010666, 0o140777] as [UInt32])
  func zipTypes(_ mode: UInt32) throws {
    var entry = ZipBuilder.Entry("bad")
    entry.mode = mode
    #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder([entry]).build()) }
  }

  @Test("A zip file that two readers could read in two ways is refused")
  func ambiguity() throws {
    func refused(_ change: (inout ZipBuilder.Entry) -> Void) {
      var entry = ZipBuilder.Entry("second")
      change(&entry)
      #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder([ZipBuilder.Entry("first"), entry]).build()) }
    }
    refused { $0.localName = Array("other".utf8) }
    refused { $0.crc = 1 }
    refused { $0.flags = 1 }
    refused { $0.method = 12 }
    refused { $0.method = 8 }
    refused { $0.statedCount = 0 }
    refused { $0.statedCount = 0xffff_ffff }
    refused { $0.header = 0 }
    refused { $0.header = 0xffff_fff0 }
    var builder = ZipBuilder("a")
    builder.statedEntries = 2
    #expect(throws: ArchiveError.self) { try unpacked(builder.build()) }
    builder.statedEntries = 0xffff
    #expect(throws: ArchiveError.self) { try unpacked(builder.build()) }
    #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder("a").build() + [0]) }
    #expect(throws: ArchiveError.self) { try unpacked([0] + ZipBuilder("a").build()) }
    #expect(throws: ArchiveError.self) { try unpacked(ZipBuilder().build()) }
  }

  @Test("Bounds hold", arguments: ["entries", "bytes", "ratio"])
  func bounds(_ which: String) throws {
    var bounds = ArchiveBounds()
    var writer = TarWriter()
    switch which {
    case "entries":
      bounds.entries = 10
      for number in 0..<11 { writer.add("\(number)", []) }
    case "bytes":
      bounds.bytes = 100_000
      writer.add("a", [UInt8](repeating: 1, count: 100_001))
    default:
      bounds.ratio = 2
      writer.add("a", [UInt8](repeating: 1, count: 3 << 20))
    }
    let archive = try writer.finish()
    #expect(throws: ArchiveError.self) { try unpacked(archive, bounds: bounds) }
    #expect(try !unpacked(archive).isEmpty)
  }

  @Test("Whatever is cut off anywhere is refused, and nothing that is changed anywhere crashes")
  func damage() throws {
    var writer = TarWriter()
    writer.add("main.ts", Array("export default 1".utf8))
    writer.add(String(repeating: "long/", count: 30) + "x", Array("y".utf8))
    let archives = [try writer.finish(), ZipBuilder("a", "b/c", "d").build()]
    for archive in archives {
      // gzip's own checksum at the end is not needed once tar has ended.
      for count in 0..<(archive.count - 20) { #expect(throws: ArchiveError.self, "\(count) bytes") { try unpacked(Array(archive.prefix(count))) } }
      for place in archive.indices {
        for flip in [0x01, 0x80, 0xff] as [UInt8] {
          var broken = archive
          broken[place] ^= flip
          _ = try? unpacked(broken)
        }
      }
    }
  }

  @Test("A tar file's odd sizes are refused", arguments: ["77777777777", "-1", "9999", "abc", "\u{1}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"])
  func sizes(_ size: String) throws {
    var tar = TarBuilder()
    tar.add("a", content: [1], statedSize: size)
    #expect(throws: ArchiveError.self) { try unpacked(tar.build()) }
    var end = TarBuilder()
    end.add("a", content: [1])
    #expect(throws: ArchiveError.self) { try unpacked(end.build(isEnded: false)) }
  }
}
