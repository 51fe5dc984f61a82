/// A place in the log, as the callers of one query know it: everything up to it they have. Good for no other query, caller or rules, because
/// there it would leave out what they have not seen.
package struct LiveCursor: Sendable, Equatable {
  package let sequence: Int64
  package let fingerprint: LiveFingerprint

  package init(sequence: Int64, fingerprint: LiveFingerprint) {
    self.sequence = sequence
    self.fingerprint = fingerprint
  }

  /// Something that this server never gave out: it fits no query.
  package static let unknown = LiveCursor(sequence: 0, fingerprint: LiveFingerprint(bytes: []))

  /// Opaque: numbers of the log would tell how much others write, and a place that somebody made up could lie before the collection's time.
  package func text(_ key: LiveCursorKey) -> String {
    var bytes = fingerprint.bytes
    let hidden = key.hide(UInt64(bitPattern: sequence), for: fingerprint)
    for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: hidden >> UInt64(shift))) }
    return Base64URL.encode(bytes)
  }

  /// Nil for what this server never gave out, as far as that can be seen.
  package init?(_ text: String, _ key: LiveCursorKey) {
    guard text.utf8.count <= 64, let bytes = Base64URL.decode(text), bytes.count == LiveFingerprint.length + 8 else { return nil }
    let fingerprint = LiveFingerprint(bytes: Array(bytes[..<LiveFingerprint.length]))
    let hidden = bytes[LiveFingerprint.length...].reduce(0) { $0 << 8 | UInt64($1) }
    // What somebody made up is some number that no log has.
    self.init(sequence: Int64(bitPattern: key.reveal(hidden, for: fingerprint)), fingerprint: fingerprint)
  }
}

/// What two queries must have in common to see the same changes: collection, rules, caller, filter.
package struct LiveFingerprint: Sendable, Hashable {
  static let length = 12
  let bytes: [UInt8]

  fileprivate init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The parts are told apart by their lengths: no two lists of parts are one text.
  init(of parts: [String?], _ key: LiveCursorKey) {
    var digest = SHA256Digest()
    digest.update(key.bytes)
    for part in parts {
      digest.update(Array((part.map { "\($0.utf8.count):" } ?? "-:").utf8))
      if let part { digest.update(Array(part.utf8)) }
    }
    bytes = Array(digest.finish().prefix(Self.length))
  }
}

/// Hides the log's numbers in cursors. The same after a restart, so that cursors stay good.
package struct LiveCursorKey: Sendable {
  let bytes: [UInt8]

  /// - Parameter secret: known to this server only.
  package init(secret: [UInt8]) {
    bytes = SHA256Digest.hash(Array("live cursors:".utf8) + secret)
  }

  private static let rounds: [UInt8] = [1, 2, 3, 4]

  /// A permutation of all 64-bit numbers: a Feistel network of four rounds (Luby and Rackoff, 1988) over SHA-256.
  func hide(_ number: UInt64, for fingerprint: LiveFingerprint) -> UInt64 {
    var (left, right) = (UInt32(truncatingIfNeeded: number >> 32), UInt32(truncatingIfNeeded: number))
    for round in Self.rounds { (left, right) = (right, left ^ mixed(right, round, fingerprint)) }
    return UInt64(left) << 32 | UInt64(right)
  }

  func reveal(_ hidden: UInt64, for fingerprint: LiveFingerprint) -> UInt64 {
    var (left, right) = (UInt32(truncatingIfNeeded: hidden >> 32), UInt32(truncatingIfNeeded: hidden))
    for round in Self.rounds.reversed() { (left, right) = (right ^ mixed(left, round, fingerprint), left) }
    return UInt64(left) << 32 | UInt64(right)
  }

  private func mixed(_ half: UInt32, _ round: UInt8, _ fingerprint: LiveFingerprint) -> UInt32 {
    let message = bytes + fingerprint.bytes + [round] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: half >> $0) }
    return SHA256Digest.hash(message).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }
}
