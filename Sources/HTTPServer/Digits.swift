/// Numbers as decimal text, into bytes, without a String in between.
enum Digits {
  /// Appends `value` with leading zeros to `width`.
  static func append(_ value: Int, width: Int, to bytes: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<Swift.max(width, 1) { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
  }

  /// Appends a number that is not negative.
  static func append(_ value: Int, to bytes: inout [UInt8]) {
    withText(value) { bytes.append(contentsOf: $0) }
  }

  /// Gives the digits of a number that is not negative.
  static func withText<Result>(_ value: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { space in
      var start = space.count
      var left = UInt(Swift.max(value, 0))
      repeat {
        start -= 1
        space[start] = UInt8(ascii: "0") + UInt8(left % 10)
        left /= 10
      } while left > 0
      return body(UnsafeRawBufferPointer(rebasing: space[start...]))
    }
  }
}

extension [UInt8] {
  mutating func append(_ text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
