/// Makes request ids: 13 characters, which Swift keeps without an allocation. Two ids are alike only if two sequences
/// of 2^64 that begin at random meet.
struct RequestIds: Sendable {
  private static let alphabet: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"
  private var counter: UInt64

  init(seed: UInt64 = UInt64.random(in: .min ... .max)) {
    counter = seed
  }

  mutating func next() -> String {
    counter &+= 1
    // splitmix64's mixing is one to one, so ids of one sequence never repeat, and neighbours do not look alike.
    var bits = counter &* 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    bits ^= bits >> 31
    let alphabet = Self.alphabet.utf8Start
    return String(unsafeUninitializedCapacity: 13) { space in
      for index in 0..<13 {
        space[index] = alphabet[Int(bits & 31)]
        bits >>= 5
      }
      return 13
    }
  }

  /// Whether a caller's id may be taken over: 1 to 128 of `[A-Za-z0-9._-]`, so that it can stand in a log and a field.
  static func isAcceptable(_ id: String) -> Bool {
    guard (1...128).contains(id.utf8.count) else { return false }
    return id.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }
}
