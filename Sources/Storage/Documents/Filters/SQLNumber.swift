import CEL

/// A number that a field is compared with, and how SQLite may be asked for it.
///
/// SQLite 3.40 reads a number with a fraction by one division in extended precision, so what it gets may be the double next to the right
/// one. For whole numbers up to 2^53 that cannot matter: a text of up to 17 digits (all that a double needs) that stands for another
/// double than the whole number is too far from it. For other numbers the bounds are widened and the rows looked at in memory.
struct SQLNumber {
  let value: SQLValue
  /// Whether comparing with `value` itself says exactly what CEL says.
  let isSafe: Bool
  let isZeroOrOne: Bool
  let below: SQLValue
  let above: SQLValue

  /// Nil for what is no finite number.
  init?(_ number: CELValue) {
    switch number {
    case .int(let int): self.init(whole: int)
    case .uint(let uint):
      if let int = Int64(exactly: uint) { self.init(whole: int) } else { self.init(double: Double(uint), bound: .double(Double(uint))) }
    case .double(let double):
      guard double.isFinite else { return nil }
      if let int = Int64(exactly: double), int.magnitude <= Self.safeMax { self.init(whole: int) } else { self.init(double: double, bound: .double(double)) }
    default: return nil
    }
  }

  private static let safeMax: UInt64 = 1 << 53

  private init(whole int: Int64) {
    if int.magnitude <= Self.safeMax {
      self.init(value: .int(int), isSafe: true, isZeroOrOne: int == 0 || int == 1, below: .int(int), above: .int(int))
    } else {
      self.init(double: Double(int), bound: .int(int))
    }
  }

  /// Four steps to each side: one for SQLite's reading, one for ours, and as many to spare.
  private init(double: Double, bound: SQLValue) {
    self.init(
      value: bound, isSafe: false, isZeroOrOne: false, below: .double(max(-Double.greatestFiniteMagnitude, double.nextDown.nextDown.nextDown.nextDown)),
      above: .double(min(Double.greatestFiniteMagnitude, double.nextUp.nextUp.nextUp.nextUp)))
  }

  private init(value: SQLValue, isSafe: Bool, isZeroOrOne: Bool, below: SQLValue, above: SQLValue) {
    self.value = value
    self.isSafe = isSafe
    self.isZeroOrOne = isZeroOrOne
    self.below = below
    self.above = above
  }
}
