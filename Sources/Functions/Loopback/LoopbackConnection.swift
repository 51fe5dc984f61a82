import Glibc

/// One HTTP connection of a worker: one request at a time.
final class LoopbackConnection {
  /// The request that waits for its answer.
  struct Pending {
    let isHead: Bool
    let keepsAlive: Bool
  }

  let id: UInt32
  let descriptor: Int32
  var decoder = LoopbackRequestDecoder()
  var pending: Pending?
  /// Counts up with each use, for closing the one that has rested longest.
  var lastUsed: UInt64 = 0
  var hasAsked = false
  /// Closed as soon as everything is written.
  var isLast = false
  /// Bytes that came after that.
  var discarded = 0
  private var outbox: [UInt8] = []
  private var sent = 0

  init(id: UInt32, descriptor: Int32) {
    self.id = id
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// API calls over frames have numbers from the worker, from 0; those over HTTP have negative ones.
  var callNumber: Int64 { -Int64(id) }

  /// Bytes that wait until the worker reads.
  var waiting: Int { outbox.count - sent }

  /// False if the other end is gone.
  func send(_ bytes: [UInt8]) -> Bool {
    outbox = waiting == 0 ? bytes : Array(outbox[sent...]) + bytes
    sent = 0
    return flush()
  }

  /// False if the other end is gone.
  func flush() -> Bool {
    while waiting > 0 {
      let count = outbox.withUnsafeBytes { bytes in
        Glibc.send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        sent += count
      } else if errno != EINTR {
        return errno == EAGAIN
      }
    }
    outbox = []
    sent = 0
    return true
  }
}
