import CZlib

/// Writes a `.tar.gz` (ustar, pax for long names). The same files give the same bytes: no times, no owners.
package struct TarWriter {
  private var tar: [UInt8] = []

  package init() {}

  package mutating func add(_ path: String, _ content: [UInt8], isExecutable: Bool = false) {
    let name = Array(path.utf8)
    if name.count > 100 {
      let record = Self.record("path", name)
      header(Array("pax".utf8), size: record.count, type: UInt8(ascii: "x"), mode: 0o644)
      append(record)
    }
    header(Array(name.prefix(100)), size: content.count, type: UInt8(ascii: "0"), mode: isExecutable ? 0o755 : 0o644)
    append(content)
  }

  /// The whole, compressed.
  package consuming func finish() throws -> [UInt8] {
    tar += [UInt8](repeating: 0, count: 1024)
    return try Self.gzip(tar)
  }

  /// Its length counts its own digits.
  private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let rest = Array(" \(key)=".utf8) + value + [UInt8(ascii: "\n")]
    var length = rest.count + 1
    while String(length).utf8.count + rest.count != length { length += 1 }
    return Array(String(length).utf8) + rest
  }

  private mutating func append(_ content: [UInt8]) {
    tar += content
    tar += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  private mutating func header(_ name: [UInt8], size: Int, type: UInt8, mode: Int) {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: [UInt8], at place: Int) { block.replaceSubrange(place..<(place + bytes.count), with: bytes) }
    func octal(_ number: Int, _ digits: Int) -> [UInt8] {
      let text = String(number, radix: 8)
      return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
    }
    put(name, at: 0)
    put(octal(mode, 7), at: 100)
    put(octal(0, 7), at: 108)
    put(octal(0, 7), at: 116)
    put(octal(size, 11), at: 124)
    put(octal(0, 11), at: 136)
    put([UInt8](repeating: 32, count: 8), at: 148)
    block[156] = type
    put(Array("ustar\0".utf8) + Array("00".utf8), at: 257)
    put(octal(block.reduce(0) { $0 + Int($1) }, 6) + [0, 32], at: 148)
    tar += block
  }

  static func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    guard deflateInit2_(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw ArchiveError("There is no memory to pack the archive.")
    }
    defer { deflateEnd(&stream) }
    let room = Int(deflateBound(&stream, UInt(bytes.count)))
    return bytes.withUnsafeBufferPointer { source in
      [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        stream.avail_in = UInt32(source.count)
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(buffer.count)
        // All in one call: the room is what zlib says it needs.
        _ = deflate(&stream, Z_FINISH)
        count = buffer.count - Int(stream.avail_out)
      }
    }
  }
}
