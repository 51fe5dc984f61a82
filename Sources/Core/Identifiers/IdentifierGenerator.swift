/// Makes UUIDv7 (RFC 9562, section 5.7) that only ever grow, so that new documents land at the end of the index:
/// ordered ids write 1.7 to 4 times faster than random ones. Not safe to share: each writer has its own.
package struct IdentifierGenerator {
  private var milliseconds: UInt64 = 0
  /// rand_a, used as a counter within one millisecond (RFC 9562, section 6.2, method 1).
  private var counter: UInt16 = 0
  private var random: any RandomNumberGenerator & Sendable

  package init(random: any RandomNumberGenerator & Sendable = SecureRandom()) {
    self.random = random
  }

  /// The next id, lower case. A clock that goes back does not make ids go back.
  package mutating func next(at now: Timestamp) -> String {
    let current = UInt64(clamping: now.milliseconds)
    if current > milliseconds {
      milliseconds = current
      counter = UInt16.random(in: 0..<0x400, using: &random)
    } else if counter == 0xfff {
      milliseconds += 1
      counter = 0
    } else {
      counter += 1
    }
    let high = (milliseconds & 0xffff_ffff_ffff) << 16 | 0x7000 | UInt64(counter)
    let low = random.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    return Self.text(high, low)
  }

  private static func text(_ high: UInt64, _ low: UInt64) -> String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var at = 0
      for (word, nibbles) in [(high, 16), (low, 16)] {
        for nibble in 0..<nibbles {
          if at == 8 || at == 13 || at == 18 || at == 23 {
            buffer[at] = UInt8(ascii: "-")
            at += 1
          }
          let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - nibble * 4) & 0xf)
          buffer[at] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
          at += 1
        }
      }
      return 36
    }
  }
}
