/// Random numbers of the system, fetched many at a time: for what makes one for each event. Nothing secret is made of it, since the next ones lie in
/// memory. Not safe to share, and not to be copied: a copy would give the same numbers.
package struct BufferedRandom: RandomNumberGenerator, Sendable {
  private static let size = 64

  private var numbers: [UInt64] = []

  package init() {}

  package mutating func next() -> UInt64 {
    if let number = numbers.popLast() { return number }
    let bytes = SecureRandom.bytes(Self.size * 8)
    numbers = bytes.withUnsafeBytes { bytes in (0..<Self.size).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) } }
    return numbers.removeLast()
  }
}
