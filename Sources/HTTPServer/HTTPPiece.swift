import NIOCore
import Synchronization

/// Bytes for many connections at once: made ready for the wire once, and shared by all of them.
package struct HTTPPiece: Sendable {
  /// As one chunk of an answer (RFC 9112, section 7.1).
  let chunk: ByteBuffer
  /// The same without the framing, for HTTP/1.0.
  let plain: ByteBuffer
  private let waiting = Waiting()

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

  /// To be held until a connection has sent it: the same for all connections that wait for it at the same time.
  func share(in backlog: HTTPPushBacklog) -> HTTPPushBacklog.Share {
    waiting.share.withLock { held in
      if let share = held.value { return share }
      let share = HTTPPushBacklog.Share(count, in: backlog)
      held.value = share
      return share
    }
  }

  private final class Waiting: Sendable {
    struct Held {
      weak var value: HTTPPushBacklog.Share?
    }

    let share = Mutex(Held())
  }
}
