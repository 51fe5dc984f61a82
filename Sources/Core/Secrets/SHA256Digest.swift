import CSodium

/// SHA-256 (FIPS 180-4), at once or piece by piece.
package struct SHA256Digest {
  private var state = crypto_hash_sha256_state()

  package init() {
    Sodium.require()
    crypto_hash_sha256_init(&state)
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    crypto_hash_sha256_update(&state, base.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
  }

  package mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  package mutating func finish() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
      crypto_hash_sha256_final(&state, buffer.baseAddress!)
      count = 32
    }
  }

  package static func hash(_ bytes: [UInt8]) -> [UInt8] {
    var digest = SHA256Digest()
    digest.update(bytes)
    return digest.finish()
  }
}

/// Lower-case hexadecimal.
package func hexadecimal(_ bytes: [UInt8]) -> String {
  String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
    let digits = StaticString("0123456789abcdef").utf8Start
    for (index, byte) in bytes.enumerated() {
      buffer[index * 2] = digits[Int(byte >> 4)]
      buffer[index * 2 + 1] = digits[Int(byte & 15)]
    }
    return bytes.count * 2
  }
}
