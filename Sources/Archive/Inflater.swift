import CZlib

/// Unpacks a deflate stream (RFC 1951), bare or as gzip (RFC 1952).
final class Inflater {
  enum Wrapping: Int32 {
    case none = -15
    case gzip = 31
  }

  private let stream: UnsafeMutablePointer<z_stream>
  private static let pieceBytes = 64 << 10

  init(_ wrapping: Wrapping) throws {
    // zlib keeps the stream's address, so that it must not move.
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard inflateInit2_(stream, wrapping.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw ArchiveError("There is no memory to unpack the archive.")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
  }

  /// Hands over the unpacked bytes until `take` answers false or the stream ends. Answers how many packed bytes the whole stream had; nil if `take` ended it.
  func unpack(_ packed: UnsafeBufferPointer<UInt8>, _ take: ([UInt8]) throws -> Bool) throws -> Int? {
    stream.pointee.next_in = UnsafeMutablePointer(mutating: packed.baseAddress)
    stream.pointee.avail_in = UInt32(packed.count)
    while true {
      var status = Z_OK
      let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
        stream.pointee.next_out = buffer.baseAddress
        stream.pointee.avail_out = UInt32(buffer.count)
        status = inflate(stream, Z_NO_FLUSH)
        count = buffer.count - Int(stream.pointee.avail_out)
      }
      guard status == Z_OK || status == Z_STREAM_END else { throw ArchiveError("The archive is damaged: its compressed data cannot be unpacked.") }
      if !piece.isEmpty, try !take(piece) { return nil }
      if status == Z_STREAM_END { return packed.count - Int(stream.pointee.avail_in) }
      // Nothing came out and nothing is left to go in: it breaks off.
      if piece.isEmpty, stream.pointee.avail_in == 0 { throw ArchiveError("The archive breaks off in the middle.") }
    }
  }
}
