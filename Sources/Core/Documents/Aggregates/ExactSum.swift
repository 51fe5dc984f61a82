/// A sum of doubles without rounding on the way, so that it does not depend on the order in which documents come.
///
/// J. Shewchuk, "Adaptive Precision Floating-Point Arithmetic" (1997): a list of parts that do not overlap is the sum itself. Very large
/// numbers are kept apart and scaled, so that nothing overflows before the end.
struct ExactSum: Sendable {
  private var parts: [Double] = []
  private var largeParts: [Double] = []

  var isEmpty: Bool { parts.isEmpty && largeParts.isEmpty }

  mutating func add(_ number: Double) {
    if number.magnitude >= 0x1p960 { Self.add(number * 0x1p-64, to: &largeParts) } else { Self.add(number, to: &parts) }
  }

  /// Exact as long as it fits some doubles, which any 128 bits do.
  mutating func add(_ whole: Int128) {
    var rest = whole
    while rest != 0 {
      let part = Double(rest)
      add(part)
      rest -= Int128(part)
    }
  }

  private static func add(_ number: Double, to parts: inout [Double]) {
    var sum = number
    var kept = 0
    for position in parts.indices {
      var other = parts[position]
      if sum.magnitude < other.magnitude { swap(&sum, &other) }
      let high = sum + other
      let low = other - (high - sum)
      if low != 0 {
        parts[kept] = low
        kept += 1
      }
      sum = high
    }
    parts.removeSubrange(kept...)
    parts.append(sum)
  }

  /// The sum divided by `count`; infinite if no double is as large.
  func divided(by count: Double) -> Double {
    if largeParts.allSatisfy({ $0 == 0 }) { return Self.rounded(parts) / count }
    var all = largeParts
    for part in parts { Self.add(part * 0x1p-64, to: &all) }
    return Self.rounded(all) / count * 0x1p64
  }

  /// The double that is nearest to the sum of the parts.
  private static func rounded(_ parts: [Double]) -> Double {
    guard var high = parts.last else { return 0 }
    var position = parts.count - 1
    var low = 0.0
    while position > 0, low == 0 {
      position -= 1
      let before = high
      high = before + parts[position]
      low = parts[position] - (high - before)
    }
    // Half way between two doubles the smaller parts decide.
    if position > 0, low != 0, (low < 0) == (parts[position - 1] < 0), parts[position - 1] != 0 {
      let twice = low * 2
      let moved = high + twice
      if moved - high == twice { high = moved }
    }
    return high
  }
}

/// The numbers of one field in one group.
struct NumberSum: Sendable {
  private var count: Int64 = 0
  /// Whole numbers within Int64: exact, however many there are.
  private var whole: Int128 = 0
  private var others = ExactSum()

  mutating func add(_ number: Int64) {
    count += 1
    whole += Int128(number)
  }

  mutating func add(_ number: Double) {
    count += 1
    others.add(number)
  }

  /// Whole numbers stay exact within Int64; past that, and with fractions, it is the nearest double, which may be infinite.
  var sum: Double { total(over: 1) }

  var exactSum: Int64? { others.isEmpty ? Int64(exactly: whole) : nil }

  /// Nil where there is no number.
  var average: Double? { count == 0 ? nil : total(over: Double(count)) }

  private func total(over count: Double) -> Double {
    if others.isEmpty { return Double(whole) / count }
    var all = others
    all.add(whole)
    return all.divided(by: count)
  }
}
