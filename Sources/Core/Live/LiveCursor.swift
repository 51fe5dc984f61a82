/// A place in the log, as the callers of one query know it: everything up to it they have. Opaque to them, and good for no other query,
/// caller or rules, because there it would leave out what they have not seen.
package struct LiveCursor: Sendable, Equatable {
  package let sequence: Int64
  package let fingerprint: LiveFingerprint

  package init(sequence: Int64, fingerprint: LiveFingerprint) {
    self.sequence = sequence
    self.fingerprint = fingerprint
  }

  package var text: String {
    var bytes = fingerprint.bytes
    for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: sequence >> Int64(shift))) }
    return Base64URL.encode(bytes)
  }

  /// Something that this server never gave out: it fits no query.
  package static let unknown = LiveCursor(sequence: 0, fingerprint: LiveFingerprint(bytes: []))

  /// Nil for what this server never gave out.
  package init?(_ text: String) {
    guard text.utf8.count <= 64, let bytes = Base64URL.decode(text), bytes.count == LiveFingerprint.length + 8 else { return nil }
    sequence = bytes[LiveFingerprint.length...].reduce(0) { $0 << 8 | Int64($1) }
    guard sequence >= 0 else { return nil }
    fingerprint = LiveFingerprint(bytes: Array(bytes[..<LiveFingerprint.length]))
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
  init(of parts: [String?]) {
    var digest = SHA256Digest()
    for part in parts {
      digest.update(Array((part.map { "\($0.utf8.count):" } ?? "-:").utf8))
      if let part { digest.update(Array(part.utf8)) }
    }
    bytes = Array(digest.finish().prefix(Self.length))
  }
}
