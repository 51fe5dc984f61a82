import CZlib

/// gzip (RFC 1952) of a whole body at once.
enum Gzip {
  /// Fast: JSON shrinks to a quarter or less with it, and a loop that waits costs more than bytes.
  private static let level: Int32 = 3

  /// Nil when there is no memory for it.
  static func compress(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard roost_gzip_begin(&stream, level) == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    let bytesMax = Int(deflateBound(&stream, uLong(bytes.count)))
    var isWhole = false
    let compressed = bytes.withUnsafeBytes { input in
      [UInt8](unsafeUninitializedCapacity: bytesMax) { output, count in
        // zlib's older interfaces take what they only read as mutable.
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = uInt(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = uInt(output.count)
        isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
        count = isWhole ? Int(stream.total_out) : 0
      }
    }
    return isWhole ? compressed : nil
  }
}
