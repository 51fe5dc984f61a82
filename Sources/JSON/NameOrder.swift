import Glibc

/// The order of names by their bytes: for look-ups that take logarithmic time whatever the names are, and never compare more
/// bytes than the shorter name has.
enum NameOrder {
  static func compare(_ a: [UInt8], _ b: UnsafeBufferPointer<UInt8>) -> Int {
    let common = min(a.count, b.count)
    if common > 0, let b = b.baseAddress {
      let order = a.withUnsafeBufferPointer { a in a.baseAddress.map { memcmp($0, b, common) } ?? 0 }
      if order != 0 { return Int(order) }
    }
    return a.count - b.count
  }

  static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool { b.withUnsafeBufferPointer { compare(a, $0) < 0 } }

  /// The index of the first of `count` sorted names that does not come before `name`.
  static func lowerBound(of name: UnsafeBufferPointer<UInt8>, count: Int, nameAt: (Int) -> [UInt8]) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if compare(nameAt(middle), name) < 0 { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
