import Glibc

/// Strings as CEL sees them: sequences of code points. Swift's own `==`, `<` and hash treat canonically equivalent
/// strings ("é" in one or two code points) as the same, which CEL and SQL do not; UTF-8 bytes have code point order.
enum CELText {
  static func equal(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count else { return false }
    return compare(left, right) == 0
  }

  /// Below, at or above zero as `left` sorts before, with or after `right` by code points.
  static func compare(_ left: String, _ right: String) -> Int {
    withBytes(left) { a in withBytes(right) { b in compare(a, b) } }
  }

  static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    let shared = min(left.count, right.count)
    if shared > 0, let a = left.baseAddress, let b = right.baseAddress {
      let order = memcmp(a, b, shared)
      if order != 0 { return Int(order) }
    }
    return left.count - right.count
  }

  static func hash(_ text: String, into hasher: inout Hasher) {
    withBytes(text) { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  @inline(__always)
  static func withBytes<Result>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    // Native strings are contiguous; the copy is for what was bridged or sliced.
    if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
    return Array(text.utf8).withUnsafeBufferPointer(body)
  }
}

extension CELText {
  static func starts(_ text: UnsafeBufferPointer<UInt8>, _ start: UnsafeBufferPointer<UInt8>) -> Bool {
    text.count >= start.count && compare(UnsafeBufferPointer(rebasing: text.prefix(start.count)), start) == 0
  }

  static func ends(_ text: UnsafeBufferPointer<UInt8>, _ end: UnsafeBufferPointer<UInt8>) -> Bool {
    text.count >= end.count && compare(UnsafeBufferPointer(rebasing: text.suffix(end.count)), end) == 0
  }

  static func contains(_ text: UnsafeBufferPointer<UInt8>, _ part: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = text.baseAddress, let wanted = part.baseAddress, !part.isEmpty else { return part.isEmpty }
    guard part.count <= text.count else { return false }
    // Long parts could be almost found at every byte.
    guard part.count <= 32 else { return containsLong(text, part) }
    var place = 0
    while place + part.count <= text.count {
      guard let found = memchr(base + place, Int32(wanted[0]), text.count - part.count - place + 1) else { return false }
      place = UnsafeRawPointer(found) - UnsafeRawPointer(base)
      if memcmp(base + place, wanted, part.count) == 0 { return true }
      place += 1
    }
    return false
  }

  /// In time linear in both (D. Knuth, J. Morris, V. Pratt, "Fast pattern matching in strings", 1977).
  private static func containsLong(_ text: UnsafeBufferPointer<UInt8>, _ part: UnsafeBufferPointer<UInt8>) -> Bool {
    // How much of the part's start is matched by the end of what was matched, if the next byte differs.
    var fallback = [0]
    fallback.reserveCapacity(part.count)
    var matched = 0
    for byte in part.dropFirst() {
      while matched > 0, part[matched] != byte { matched = fallback[matched - 1] }
      if part[matched] == byte { matched += 1 }
      fallback.append(matched)
    }
    matched = 0
    for byte in text {
      while matched > 0, part[matched] != byte { matched = fallback[matched - 1] }
      if part[matched] == byte { matched += 1 }
      if matched == part.count { return true }
    }
    return false
  }
}
