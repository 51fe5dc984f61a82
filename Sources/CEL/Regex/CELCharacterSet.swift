/// The characters that one place of a pattern takes.
struct CELCharacterSet: Sendable {
  private var ranges: [ClosedRange<UInt32>] = []
  /// General categories of Unicode, each as the beginning of its two-letter name, and whether it is meant the other way round.
  private var categories: [(prefix: String, isNegated: Bool)] = []
  private var inner: [CELCharacterSet] = []
  var isNegated = false
  var ignoresCase = false
  /// The answers for ASCII, worked out once the set is complete.
  private var ascii: (low: UInt64, high: UInt64) = (0, 0)

  init() {}

  init(_ ranges: ClosedRange<UInt32>...) { self.ranges = ranges }

  mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }
  mutating func insert(_ set: CELCharacterSet) { inner.append(set) }

  mutating func insert(_ scalar: Unicode.Scalar) {
    ranges.append(scalar.value...scalar.value)
    // A text's `k` has the other case `K`, but not the Kelvin sign, which a pattern may have.
    if ignoresCase { ranges += Self.otherCases(scalar).map { $0...$0 } }
  }

  /// The set with its quick answers for ASCII.
  var complete: CELCharacterSet {
    var set = self
    for code: UInt32 in 0..<128 where look(code) {
      if code < 64 { set.ascii.low |= 1 << UInt64(code) } else { set.ascii.high |= 1 << UInt64(code - 64) }
    }
    return set
  }

  func contains(_ code: UInt32) -> Bool {
    if code < 64 { return ascii.low >> UInt64(code) & 1 == 1 }
    if code < 128 { return ascii.high >> UInt64(code - 64) & 1 == 1 }
    return look(code)
  }

  private func look(_ code: UInt32) -> Bool {
    if holds(code) { return !isNegated }
    if ignoresCase, let scalar = Unicode.Scalar(code) {
      for other in Self.otherCases(scalar) where holds(other) { return !isNegated }
    }
    return isNegated
  }

  private func holds(_ code: UInt32) -> Bool {
    if ranges.contains(where: { $0.contains(code) }) || inner.contains(where: { $0.look(code) }) { return true }
    guard !categories.isEmpty, let scalar = Unicode.Scalar(code) else { return false }
    let name = scalar.properties.generalCategory.shortName
    // RE2 has no category for what is not assigned; it is none of `\pC` either.
    return categories.contains { (name.hasPrefix($0.prefix) && (name != "Cn" || $0.prefix.isEmpty)) != $0.isNegated }
  }

  /// The same letter in the other case, where that is one character.
  private static func otherCases(_ scalar: Unicode.Scalar) -> [UInt32] {
    [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping].compactMap { text in
      text.unicodeScalars.count == 1 ? text.unicodeScalars.first?.value : nil
    }
  }

  static let digits = CELCharacterSet(48...57)
  static let spaces = CELCharacterSet(9...10, 12...13, 32...32)
  static let word = CELCharacterSet(48...57, 65...90, 95...95, 97...122)
  static let any = CELCharacterSet(0...0x10FFFF)
  static let anyButNewline = CELCharacterSet(0...9, 11...0x10FFFF)

  var negated: CELCharacterSet {
    var set = self
    set.isNegated.toggle()
    return set
  }

  /// `\pL`, `\p{Lu}`: nil for a name that is no general category.
  static func category(_ name: String, isNegated: Bool) -> CELCharacterSet? {
    let known = [
      "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk",
      "So", "Z", "Zs",
      "Zl", "Zp", "C", "Cc", "Cf", "Cs", "Co",
    ]
    guard name == "Any" || known.contains(name) else { return nil }
    var set = CELCharacterSet()
    set.categories = [(name == "Any" ? "" : name, isNegated)]
    return set
  }

  /// `[:alpha:]` and its like, which are about ASCII.
  static func posix(_ name: String) -> CELCharacterSet? {
    switch name {
    case "alnum": CELCharacterSet(48...57, 65...90, 97...122)
    case "alpha": CELCharacterSet(65...90, 97...122)
    case "ascii": CELCharacterSet(0...127)
    case "blank": CELCharacterSet(9...9, 32...32)
    case "cntrl": CELCharacterSet(0...31, 127...127)
    case "digit": digits
    case "graph": CELCharacterSet(33...126)
    case "lower": CELCharacterSet(97...122)
    case "print": CELCharacterSet(32...126)
    case "punct": CELCharacterSet(33...47, 58...64, 91...96, 123...126)
    case "space": CELCharacterSet(9...13, 32...32)
    case "upper": CELCharacterSet(65...90)
    case "word": word
    case "xdigit": CELCharacterSet(48...57, 65...70, 97...102)
    default: nil
    }
  }
}

extension Unicode.GeneralCategory {
  fileprivate var shortName: String {
    switch self {
    case .uppercaseLetter: "Lu"
    case .lowercaseLetter: "Ll"
    case .titlecaseLetter: "Lt"
    case .modifierLetter: "Lm"
    case .otherLetter: "Lo"
    case .nonspacingMark: "Mn"
    case .spacingMark: "Mc"
    case .enclosingMark: "Me"
    case .decimalNumber: "Nd"
    case .letterNumber: "Nl"
    case .otherNumber: "No"
    case .connectorPunctuation: "Pc"
    case .dashPunctuation: "Pd"
    case .openPunctuation: "Ps"
    case .closePunctuation: "Pe"
    case .initialPunctuation: "Pi"
    case .finalPunctuation: "Pf"
    case .otherPunctuation: "Po"
    case .mathSymbol: "Sm"
    case .currencySymbol: "Sc"
    case .modifierSymbol: "Sk"
    case .otherSymbol: "So"
    case .spaceSeparator: "Zs"
    case .lineSeparator: "Zl"
    case .paragraphSeparator: "Zp"
    case .control: "Cc"
    case .format: "Cf"
    case .surrogate: "Cs"
    case .privateUse: "Co"
    default: "Cn"
    }
  }
}
