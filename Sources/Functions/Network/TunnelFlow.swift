/// One direction of a tunnel: what came from one end and is not yet gone to the other, with a bound. Knows no sockets.
struct TunnelFlow {
  private(set) var bytes: [UInt8] = []
  private var sent = 0
  /// Moved in all.
  private(set) var total: Int64 = 0
  private var hasEnded = false
  /// The other end knows that nothing more comes.
  private(set) var isOver = false

  /// Bytes that wait.
  var waiting: Int { bytes.count - sent }
  /// How much may be read now: nothing while too much waits, so that the sender has to wait as well.
  var room: Int { hasEnded ? 0 : max(0, NetworkLimits.heldBytesMax - waiting) }
  /// Whether the end is to be passed on now.
  var owesEnd: Bool { hasEnded && waiting == 0 && !isOver }
  var unsent: ArraySlice<UInt8> { bytes[sent...] }

  mutating func take(_ more: some Collection<UInt8>) {
    if sent > 0 {
      bytes.removeFirst(sent)
      sent = 0
    }
    bytes.append(contentsOf: more)
  }

  mutating func gone(_ count: Int) {
    sent += count
    total += Int64(count)
    guard waiting == 0 else { return }
    bytes.removeAll(keepingCapacity: bytes.capacity <= NetworkLimits.heldBytesMax)
    sent = 0
  }

  mutating func end() { hasEnded = true }

  mutating func passedEnd() { isOver = true }
}
