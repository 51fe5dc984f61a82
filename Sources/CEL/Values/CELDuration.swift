/// A length of time whose nanoseconds fit 64 bits, some ±292 years: the range that the language definition sets.
package struct CELDuration: Sendable, Hashable, Comparable {
  package let seconds: Int64
  /// Of the same sign as `seconds`, if both are not zero.
  package let nanoseconds: Int32

  static let secondsMax: Int64 = 9_223_372_036

  /// Nil outside the range. `nanoseconds` may be any number; what is past a second is carried.
  package init?(seconds: Int64, nanoseconds: Int64 = 0) {
    let (carried, overflow) = seconds.addingReportingOverflow(nanoseconds / 1_000_000_000)
    guard !overflow else { return nil }
    var whole = carried
    var part = nanoseconds % 1_000_000_000
    if whole > 0, part < 0 {
      whole -= 1
      part += 1_000_000_000
    } else if whole < 0, part > 0 {
      whole += 1
      part -= 1_000_000_000
    }
    guard whole >= -Self.secondsMax, whole <= Self.secondsMax, !(whole * 1_000_000_000).addingReportingOverflow(part).overflow else { return nil }
    self.seconds = whole
    self.nanoseconds = Int32(part)
  }

  package static func < (left: CELDuration, right: CELDuration) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  func adding(_ other: CELDuration) -> CELDuration? {
    CELDuration(seconds: seconds + other.seconds, nanoseconds: Int64(nanoseconds) + Int64(other.nanoseconds))
  }

  var negated: CELDuration? { CELDuration(seconds: -seconds, nanoseconds: -Int64(nanoseconds)) }

  /// As CEL's `string()` writes it: seconds with the digits that are needed, `90.5s`.
  package var text: String {
    let sign = seconds < 0 || nanoseconds < 0 ? "-" : ""
    return "\(sign)\(seconds.magnitude)\(CELDecimals.fraction(nanoseconds.magnitude))s"
  }

  /// Reads `1h30m`, `-1.5s`, `100ms`, `0`: numbers with the units h, m, s, ms, us, µs and ns. Nil for anything else.
  package init?(text: String) {
    var rest = Substring(text)
    let negative = rest.hasPrefix("-")
    if negative || rest.hasPrefix("+") { rest.removeFirst() }
    if rest == "0" {
      self.init(seconds: 0)
      return
    }
    guard !rest.isEmpty else { return nil }
    var total = Nanoseconds()
    while !rest.isEmpty {
      guard let part = Self.takePart(&rest), total.add(part) else { return nil }
    }
    self.init(seconds: negative ? -total.seconds : total.seconds, nanoseconds: negative ? -total.part : total.part)
  }

  /// A sum of parts: whole seconds and what is over.
  private struct Nanoseconds {
    var seconds: Int64 = 0
    var part: Int64 = 0

    mutating func add(_ other: Nanoseconds) -> Bool {
      let (sum, overflow) = seconds.addingReportingOverflow(other.seconds)
      guard !overflow, sum <= CELDuration.secondsMax else { return false }
      seconds = sum
      part += other.part
      if part >= 1_000_000_000 {
        part -= 1_000_000_000
        seconds += 1
      }
      return true
    }
  }

  private static let units: [(String, Int64)] = [
    ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
  ]

  private static func takePart(_ rest: inout Substring) -> Nanoseconds? {
    let whole = rest.prefix { $0.isASCII && $0.isNumber }
    rest.removeFirst(whole.count)
    var fraction = Substring()
    if rest.hasPrefix(".") {
      rest.removeFirst()
      fraction = rest.prefix { $0.isASCII && $0.isNumber }
      rest.removeFirst(fraction.count)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    let name = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." }
    rest.removeFirst(name.count)
    guard let unit = units.first(where: { $0.0 == name })?.1 else { return nil }
    guard let count = whole.isEmpty ? 0 : Int64(whole) else { return nil }
    let product = count.multipliedFullWidth(by: unit)
    guard product.high == 0, product.low < UInt64(Int64.max) || count / 1_000_000_000 < secondsMax else { return nil }
    // Whole units first, without overflow: a unit divides a second or is a multiple of it.
    var sum = Nanoseconds()
    if unit >= 1_000_000_000 {
      let (seconds, overflow) = count.multipliedReportingOverflow(by: unit / 1_000_000_000)
      guard !overflow else { return nil }
      sum.seconds = seconds
    } else {
      let perSecond = 1_000_000_000 / unit
      sum.seconds = count / perSecond
      sum.part = count % perSecond * unit
    }
    var scale = unit
    var over: Int64 = 0
    for digit in fraction.prefix(15) {
      guard let value = digit.wholeNumberValue else { return nil }
      guard scale >= 10 else { break }
      scale /= 10
      over += Int64(value) * scale
    }
    guard sum.add(Nanoseconds(seconds: over / 1_000_000_000, part: over % 1_000_000_000)) else { return nil }
    return sum
  }
}

/// Decimal places of a second.
enum CELDecimals {
  /// `.5` for 500,000,000 nanoseconds, nothing for none: as many digits as are needed.
  static func fraction(_ nanoseconds: UInt32) -> String {
    guard nanoseconds > 0 else { return "" }
    var digits = String(nanoseconds)
    digits = "." + String(repeating: "0", count: 9 - digits.count) + digits
    while digits.hasSuffix("0") { digits.removeLast() }
    return digits
  }
}
