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
