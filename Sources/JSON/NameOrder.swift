import Glibc

/// The order of names by their bytes: for look-ups that take logarithmic time whatever the names are, and never compare more
/// bytes than the shorter name has.
enum NameOrder {
  @inline(__always)
  static func compare(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
    if let left = a.baseAddress, let right = b.baseAddress {
      let order = memcmp(left, right, min(a.count, b.count))
      if order != 0 { return Int(order) }
    }
    return a.count - b.count
  }

  static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { b in compare(a, b) < 0 } }
  }

  /// The index of the one of `count` sorted names that is alike, for which `order` compares a name with the wanted one.
  @inline(__always)
  static func find(in count: Int, order: (Int) -> Int) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      let order = order(middle)
      if order == 0 { return middle }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }
}
