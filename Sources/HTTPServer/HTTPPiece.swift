import NIOCore

/// Bytes for many connections at once: made ready for the wire once, and shared by all of them.
package struct HTTPPiece: Sendable {
  /// As one chunk of an answer (RFC 9112, section 7.1).
  let chunk: ByteBuffer
  /// The same without the framing, for HTTP/1.0.
  let plain: ByteBuffer

  package init(_ bytes: [UInt8]) {
    let opening = Array(String(bytes.count, radix: 16).utf8)
    var chunk = ByteBuffer()
    // An empty chunk would end the answer.
    guard !bytes.isEmpty else {
      (self.chunk, plain) = (chunk, chunk)
      return
    }
    chunk.reserveCapacity(opening.count + bytes.count + 4)
    chunk.writeBytes(opening)
    chunk.writeStaticString("\r\n")
    chunk.writeBytes(bytes)
    chunk.writeStaticString("\r\n")
    plain = chunk.getSlice(at: opening.count + 2, length: bytes.count) ?? ByteBuffer()
    self.chunk = chunk
  }

  package var count: Int { plain.readableBytes }
}
