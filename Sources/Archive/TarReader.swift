/// Reads gzipped tar files (POSIX.1-2017, pax): ustar and pax, and GNU's long names. Only files and folders: links and devices are refused.
struct TarReader {
  private enum State {
    case header
    /// The bytes of a file, then zeros up to a whole block.
    case file(left: Int)
    /// A header of our own reading: pax (`x`, `g`) or a long name (`L`).
    case extended(UInt8, left: Int)
    case padding(left: Int)
    case over
  }

  private static let blockBytes = 512
  /// What a name and its attributes need at most.
  private static let extendedBytesMax = 64 << 10
  private static let damaged = ArchiveError("The archive is damaged: it is no tar file.")

  private var state = State.header
  private var block: [UInt8] = []
  private var extended: [UInt8] = []
  private var longName: [UInt8]?
  private var longSize: Int?

  static func read(gzipped archive: [UInt8], into content: inout ArchiveContent) throws {
    var reader = TarReader()
    try archive.withUnsafeBufferPointer { packed in
      _ = try Inflater(.gzip).unpack(packed) { piece in
        try reader.read(piece, into: &content)
        if case .over = reader.state { return false }
        return true
      }
    }
    guard case .over = reader.state else { throw ArchiveError("The archive breaks off in the middle.") }
  }

  private mutating func read(_ piece: [UInt8], into content: inout ArchiveContent) throws {
    var rest = piece[...]
    while !rest.isEmpty {
      switch state {
      case .over: return
      case .header:
        block += Self.take(&rest, Self.blockBytes - block.count)
        if block.count == Self.blockBytes {
          defer { block = [] }
          try readHeader(&content)
        }
      case .file(let left):
        let bytes = Self.take(&rest, left)
        try content.bytes(Array(bytes))
        position += bytes.count
        state = left > bytes.count ? .file(left: left - bytes.count) : afterData
      case .extended(let type, let left):
        let bytes = Self.take(&rest, left)
        extended += bytes
        position += bytes.count
        guard left == bytes.count else {
          state = .extended(type, left: left - bytes.count)
          continue
        }
        try readExtended(type)
        state = afterData
      case .padding(let left):
        let count = Self.take(&rest, left).count
        state = left > count ? .padding(left: left - count) : .header
      }
    }
  }

  /// Bytes of data since the last header.
  private var position = 0

  private var afterData: State {
    let over = position % Self.blockBytes
    return over == 0 ? .header : .padding(left: Self.blockBytes - over)
  }

  private static func take(_ rest: inout ArraySlice<UInt8>, _ count: Int) -> ArraySlice<UInt8> {
    let taken = rest.prefix(count)
    rest = rest.dropFirst(taken.count)
    return taken
  }

  // MARK: Headers

  private mutating func readHeader(_ content: inout ArchiveContent) throws {
    guard block.contains(where: { $0 != 0 }) else {
      // Two such blocks end the file; what comes after the first is not looked at.
      guard longName == nil else { throw Self.damaged }
      state = .over
      return
    }
    // The sum of all bytes, its own field taken as spaces.
    let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
    guard try number(148..<156) == sum else { throw Self.damaged }
    let type = block[156]
    let size = try number(124..<136)
    position = 0
    switch type {
    case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"):
      guard size > 0, size <= Self.extendedBytesMax else { throw ArchiveError("The archive has a name or attributes that are too long.") }
      extended = []
      state = .extended(type, left: size)
      return
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
      let name = name
      let size = longSize ?? size
      (longName, longSize) = (nil, nil)
      // Of old: a folder is a file whose name ends with a slash.
      if name.last == UInt8(ascii: "/"), size == 0 { return try content.folder(name) }
      try content.file(name, isExecutable: number(100..<108) & 0o111 != 0)
      if size > 0 { state = .file(left: size) }
    case UInt8(ascii: "5"):
      guard size == 0, longSize ?? 0 == 0 else { throw Self.damaged }
      let name = name
      (longName, longSize) = (nil, nil)
      try content.folder(name)
    default:
      let what =
        switch type {
        case UInt8(ascii: "1"): "a hard link"
        case UInt8(ascii: "2"), UInt8(ascii: "K"): "a symbolic link"
        case UInt8(ascii: "3"), UInt8(ascii: "4"): "a device"
        case UInt8(ascii: "6"): "a pipe"
        default: "something that is neither file nor folder"
        }
      throw ArchiveError("The archive holds \(what): '\(String(decoding: name.prefix(200), as: UTF8.self))'.")
    }
  }

  private var name: [UInt8] {
    if let longName { return longName }
    let name = text(0..<100)
    // ustar: a long path is cut in two at a slash.
    guard Array(block[257..<263]) == Array("ustar\0".utf8) else { return name }
    let prefix = text(345..<500)
    return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
  }

  private func text(_ field: Range<Int>) -> [UInt8] { Array(block[field].prefix { $0 != 0 }) }

  /// Octal digits between spaces and zeros. GNU's binary form is for files of more than 8 GB.
  private func number(_ field: Range<Int>) throws -> Int {
    var value = 0
    var isOver = false
    for byte in block[field] {
      switch byte {
      case 0, 32: isOver = isOver || value > 0
      case UInt8(ascii: "0")...UInt8(ascii: "7") where !isOver: value = value << 3 | Int(byte & 7)
      default: throw Self.damaged
      }
    }
    return value
  }

  /// pax: lines of `length key=value`, the length that of the whole line.
  private mutating func readExtended(_ type: UInt8) throws {
    guard type != UInt8(ascii: "L") else {
      longName = Array(extended.prefix { $0 != 0 })
      return
    }
    var rest = extended[...]
    while !rest.isEmpty {
      guard let space = rest.firstIndex(of: 32), let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
        length > space + 1 - rest.startIndex, length <= rest.count, rest[rest.startIndex + length - 1] == UInt8(ascii: "\n"),
        let equals = rest[..<(rest.startIndex + length)].firstIndex(of: UInt8(ascii: "=")), equals > space
      else { throw Self.damaged }
      let key = String(decoding: rest[(space + 1)..<equals], as: UTF8.self)
      let value = Array(rest[(equals + 1)..<(rest.startIndex + length - 1)])
      rest = rest[(rest.startIndex + length)...]
      if key.hasPrefix("GNU.sparse") { throw ArchiveError("The archive holds a sparse file.") }
      // One for all files would be one name for all.
      guard key == "path" || key == "size" else { continue }
      guard type == UInt8(ascii: "x") else { throw Self.damaged }
      if key == "path" {
        longName = value
      } else {
        guard let size = Int(String(decoding: value, as: UTF8.self)), size >= 0 else { throw Self.damaged }
        longSize = size
      }
    }
  }
}
