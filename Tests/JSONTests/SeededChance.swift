/// Repeatable chance (SplitMix64). Each test says its seed when it starts, so that a crash can be repeated.
struct SeededChance: RandomNumberGenerator {
  private var state: UInt64

  /// Three seeds that stay, and one that is new in each run.
  static let seeds: [UInt64] = [1, 2, 3, .random(in: 0...(.max))]

  init(seed: UInt64, _ test: String = #function) {
    state = seed
    print("\(test) seed \(seed)")
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
  mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
  mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
}
