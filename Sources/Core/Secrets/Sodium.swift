import CSodium

/// libsodium, started once. Everything cryptographic in Roost comes from here.
enum Sodium {
  /// Safe to call from any thread; libsodium locks inside.
  static let isReady: Bool = sodium_init() >= 0

  static func require() {
    precondition(isReady, "libsodium could not start: this machine offers no source of randomness.")
  }
}

/// Random numbers that nobody can guess.
package struct SecureRandom: RandomNumberGenerator, Sendable {
  package init() { Sodium.require() }

  package mutating func next() -> UInt64 {
    var value: UInt64 = 0
    withUnsafeMutableBytes(of: &value) { randombytes_buf($0.baseAddress!, 8) }
    return value
  }

  package static func bytes(_ count: Int) -> [UInt8] {
    Sodium.require()
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      if count > 0 { randombytes_buf(buffer.baseAddress!, count) }
      initialized = count
    }
  }
}
