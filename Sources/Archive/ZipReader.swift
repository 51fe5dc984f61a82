import CZlib

/// Reads ZIP files (PKWARE's APPNOTE 6.3.10): stored and deflated entries, found through the central directory. What two readers could understand in two ways is
/// refused: entries that overlap, local headers that say something else, zip64, encryption, several disks.
struct ZipReader {
  private struct Entry {
    let name: [UInt8]
    let flags: UInt32
    let method: UInt32
    let crc: UInt32
    let packedCount: Int
    let count: Int
    let mode: UInt32?
    let header: Int
  }

  private static let damaged = ArchiveError("The archive is damaged: its directory does not fit its content.")
  private static let endBytes = 22
  private static let symbolicLink: UInt32 = 0o120000

  private let file: [UInt8]

  init(_ file: [UInt8]) {
    self.file = file
  }

  func read(into content: inout ArchiveContent) throws {
    let (entries, directory) = try entries()
    // Entries that share their data make small bombs.
    var end = 0
    for entry in entries.sorted(by: { $0.header < $1.header }) {
      guard entry.header >= end else { throw ArchiveError("The archive has entries that overlap.") }
      end = try data(of: entry, before: directory).upperBound
    }
    for entry in entries { try read(entry, before: directory, into: &content) }
  }

  private func read(_ entry: Entry, before directory: Int, into content: inout ArchiveContent) throws {
    let shown = String(decoding: entry.name.prefix(200), as: UTF8.self)
    let kind = (entry.mode ?? 0) & 0o170000
    if kind == Self.symbolicLink { throw ArchiveError("The archive holds a symbolic link: '\(shown)'.") }
    guard [0, 0o040000, 0o100000].contains(kind) else { throw ArchiveError("The archive holds something that is neither file nor folder: '\(shown)'.") }
    if entry.name.last == UInt8(ascii: "/") {
      guard entry.count == 0, kind != 0o100000 else { throw Self.damaged }
      return try content.folder(entry.name)
    }
    guard kind != 0o040000 else { throw Self.damaged }
    try content.file(entry.name, isExecutable: (entry.mode ?? 0) & 0o111 != 0)
    var crc = crc32(0, nil, 0)
    var count = 0
    func take(_ piece: [UInt8]) throws {
      count += piece.count
      guard count <= entry.count else { throw Self.damaged }
      crc = crc32(crc, piece, UInt32(piece.count))
      try content.bytes(piece)
    }
    let range = try data(of: entry, before: directory)
    if entry.method == 0 {
      for start in stride(from: range.lowerBound, to: range.upperBound, by: 64 << 10) {
        try take(Array(file[start..<min(start + 64 << 10, range.upperBound)]))
      }
    } else {
      let used = try file.withUnsafeBufferPointer { bytes in
        try Inflater(.none).unpack(UnsafeBufferPointer(rebasing: bytes[range])) { piece in
          try take(piece)
          return true
        }
      }
      guard used == range.count else { throw Self.damaged }
    }
    guard count == entry.count, UInt32(crc) == entry.crc else { throw ArchiveError("The archive is damaged: '\(shown)' does not have its checksum.") }
  }

  /// Where an entry's bytes lie, after a local header that agrees with the directory.
  private func data(of entry: Entry, before directory: Int) throws -> Range<Int> {
    guard try word(entry.header) == 0x0403_4b50, try half(entry.header + 8) == entry.method, try half(entry.header + 6) & 1 == 0 else { throw Self.damaged }
    let nameEnd = try entry.header + 30 + Int(half(entry.header + 26))
    let start = try nameEnd + Int(half(entry.header + 28))
    let end = start + entry.packedCount
    guard end <= directory, Array(file[(entry.header + 30)..<nameEnd]) == entry.name else { throw Self.damaged }
    guard entry.method != 0 || entry.packedCount == entry.count else { throw Self.damaged }
    return start..<end
  }

  // MARK: The central directory

  private func entries() throws -> ([Entry], directory: Int) {
    let end = try endOfDirectory()
    let (count, size, start) = try (half(end + 10), word(end + 12), word(end + 16))
    guard try half(end + 4) == 0, try half(end + 6) == 0, try half(end + 8) == count else { throw ArchiveError("The archive is spread over several files.") }
    guard count != 0xffff, size != 0xffff_ffff, start != 0xffff_ffff else { throw ArchiveError("The archive is in the zip64 format; make it smaller.") }
    guard Int(start) + Int(size) == end else { throw Self.damaged }
    var place = Int(start)
    var entries: [Entry] = []
    for _ in 0..<count { entries.append(try entry(at: &place)) }
    guard place == end else { throw Self.damaged }
    return (entries, Int(start))
  }

  private func entry(at place: inout Int) throws -> Entry {
    guard try word(place) == 0x0201_4b50 else { throw Self.damaged }
    let nameEnd = try place + 46 + Int(half(place + 28))
    let end = try nameEnd + Int(half(place + 30)) + Int(half(place + 32))
    guard end <= file.count else { throw Self.damaged }
    // The upper byte of "made by" tells the system: 3 is Unix, whose modes stand in the upper half of the attributes.
    let isUnix = try half(place + 4) >> 8 == 3
    let entry = try Entry(
      name: Array(file[(place + 46)..<nameEnd]), flags: half(place + 8), method: half(place + 10), crc: word(place + 16), packedCount: Int(word(place + 20)),
      count: Int(word(place + 24)), mode: isUnix ? word(place + 38) >> 16 : nil, header: Int(word(place + 42)))
    guard entry.flags & 1 == 0 else { throw ArchiveError("The archive is encrypted.") }
    guard entry.method == 0 || entry.method == 8 else { throw ArchiveError("The archive is compressed with method \(entry.method); expected deflate.") }
    guard entry.packedCount != 0xffff_ffff, entry.count != 0xffff_ffff, entry.header != 0xffff_ffff else {
      throw ArchiveError("The archive is in the zip64 format; make it smaller.")
    }
    place = end
    return entry
  }

  /// The record that ends the file: nothing may follow it but its own comment.
  private func endOfDirectory() throws -> Int {
    let last = file.count - Self.endBytes
    guard last >= 0 else { throw Self.damaged }
    for place in stride(from: last, through: max(0, last - 0xffff), by: -1) where try word(place) == 0x0605_4b50 {
      if try place + Self.endBytes + Int(half(place + 20)) == file.count { return place }
    }
    throw ArchiveError("The archive breaks off: it has no directory.")
  }

  private func half(_ place: Int) throws -> UInt32 {
    guard place >= 0, place + 2 <= file.count else { throw Self.damaged }
    return UInt32(file[place]) | UInt32(file[place + 1]) << 8
  }

  private func word(_ place: Int) throws -> UInt32 { try half(place) | half(place + 2) << 16 }
}
