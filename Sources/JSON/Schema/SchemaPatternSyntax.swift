/// Reads a regular expression of ECMA-262 (section 22.2.1 with Unicode mode, and as lenient as annex B with `-`, `]`, `{` and
/// escaped punctuation) and writes it in RE2's syntax, which means the same by other words.
struct SchemaPatternSyntax {
  private(set) var translation = ""
  /// The first thing found that is right, but has no counterpart.
  private(set) var unsupported: String?
  /// How many characters the pattern asks for, with its repetitions written out: what a search costs for each character of a text,
  /// at most. Counted up to `sizeMax`.
  private(set) var size = 0

  private static let sizeMax = 10_000
  /// The size before each group that is open, and that of the last atom.
  private var outerSizes: [Int] = []
  private var atomSize = 0

  private let pattern: [Unicode.Scalar]
  private var position = 0

  /// Throws what is wrong with the syntax. Takes time linear in the pattern.
  init(_ text: String) throws(SchemaPatternFault) {
    pattern = Array(text.unicodeScalars)
    var open = 0
    // Whether something stands before that a quantifier could repeat.
    var isRepeatable = false
    while let scalar = take() {
      switch scalar {
      case "(":
        try group()
        open += 1
        outerSizes.append(size)
        size = 0
        isRepeatable = false
      case ")":
        guard open > 0 else { throw SchemaPatternFault(description: "a ')' without its '('") }
        open -= 1
        atomSize = size
        size += outerSizes.popLast() ?? 0
        translation += ")"
        isRepeatable = true
      case "|", "^", "$":
        translation.unicodeScalars.append(scalar)
        isRepeatable = false
      case "*", "+", "?":
        try repetition(String(scalar), isRepeatable, times: 1)
        isRepeatable = false
      case "{":
        if let count = try takeCount() {
          try repetition(count.text, isRepeatable, times: count.most)
          isRepeatable = false
        } else {
          append(scalar)
          countAtom()
          isRepeatable = true
        }
      case "[":
        try bracket()
        countAtom()
        isRepeatable = true
      case ".":
        translation += "[^\\n\\r\\x{2028}\\x{2029}]"
        countAtom()
        isRepeatable = true
      case "\\":
        isRepeatable = try escape()
        countAtom()
      default:
        append(scalar)
        countAtom()
        isRepeatable = true
      }
    }
    guard open == 0 else { throw SchemaPatternFault(description: "a '(' without its ')'") }
  }

  // MARK: Characters

  private func peek(_ ahead: Int = 0) -> Unicode.Scalar? { position + ahead < pattern.count ? pattern[position + ahead] : nil }

  private mutating func take() -> Unicode.Scalar? {
    guard position < pattern.count else { return nil }
    position += 1
    return pattern[position - 1]
  }

  private mutating func skip(_ text: String) -> Bool {
    let scalars = text.unicodeScalars
    guard pattern[position...].starts(with: scalars) else { return false }
    position += scalars.count
    return true
  }

  /// What comes before `end`, which is stepped over; at most 64 characters.
  private mutating func takeName(until end: Unicode.Scalar) -> String? {
    guard let length = pattern[position...].prefix(65).firstIndex(of: end).map({ $0 - position }), length > 0 else { return nil }
    defer { position += length + 1 }
    return String(String.UnicodeScalarView(pattern[position..<(position + length)]))
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    if SchemaPatternSyntax.isLetterOrDigit(scalar) {
      translation.unicodeScalars.append(scalar)
    } else {
      translation += "\\x{\(String(scalar.value, radix: 16))}"
    }
  }

  private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "0"..."9", "a"..."z", "A"..."Z": true
    default: false
    }
  }

  private mutating func countAtom() {
    atomSize = 1
    size = min(size + 1, SchemaPatternSyntax.sizeMax)
  }

  private mutating func refuse(_ feature: String) { if unsupported == nil { unsupported = feature } }

  // MARK: Structure

  private mutating func group() throws(SchemaPatternFault) {
    translation += "(?:"
    guard skip("?") else { return }
    if skip(":") { return }
    if skip("=") || skip("!") { return refuse("found a look-ahead") }
    if skip("<=") || skip("<!") { return refuse("found a look-behind") }
    guard skip("<"), let name = takeName(until: ">"), let first = name.unicodeScalars.first, !("0"..."9").contains(first),
      name.unicodeScalars.allSatisfy({ $0.properties.isIDContinue || $0 == "$" })
    else { throw SchemaPatternFault(description: "a '(?' that begins no group of ECMA-262") }
  }

  private mutating func repetition(_ text: String, _ isRepeatable: Bool, times: Int) throws(SchemaPatternFault) {
    guard isRepeatable else { throw SchemaPatternFault(description: "nothing before '\(text)' that it could repeat") }
    translation += text
    size = min(size + atomSize * max(min(times, SchemaPatternSyntax.sizeMax) - 1, 0), SchemaPatternSyntax.sizeMax)
    // Greedy or not makes no difference to whether there is a match.
    _ = skip("?")
  }

  /// The rest of `{n}`, `{n,}` or `{n,m}`; nil, and nothing taken, where the brace begins none.
  private mutating func takeCount() throws(SchemaPatternFault) -> (text: String, most: Int)? {
    let start = position
    func number(_ parser: inout Self) -> Int? {
      var value: Int?
      while let digit = parser.peek(), ("0"..."9").contains(digit) {
        parser.position += 1
        value = min((value ?? 0) * 10 + Int(digit.value - 48), 1_000_000)
      }
      return value
    }
    guard let least = number(&self) else {
      position = start
      return nil
    }
    if skip("}") { return ("{\(least)}", least) }
    if skip(",") {
      if skip("}") { return ("{\(least),}", least + 1) }
      if let most = number(&self), skip("}") {
        guard least <= most else { throw SchemaPatternFault(description: "a repetition count that is the wrong way round") }
        return ("{\(least),\(most)}", most)
      }
    }
    position = start
    return nil
  }

  // MARK: Escapes

  /// Behind a backslash, outside brackets. Whether a quantifier may follow.
  private mutating func escape() throws(SchemaPatternFault) -> Bool {
    guard let next = peek() else { throw SchemaPatternFault(description: "a backslash at the end") }
    switch next {
    case "b", "B":
      translation += "\\" + (take() == "b" ? "b" : "B")
      return false
    case "1"..."9":
      while let digit = peek(), ("0"..."9").contains(digit) { position += 1 }
      refuse("found a back reference")
    case "k":
      position += 1
      guard skip("<"), takeName(until: ">") != nil else { throw SchemaPatternFault(description: "'\\k' without a name in angle brackets") }
      refuse("found a back reference")
    default:
      if let set = try classEscape() { translation += "[\(set)]" } else { append(try characterEscape()) }
    }
    return true
  }

  /// A class escape as the inside of a bracket; nil where none stands here.
  private mutating func classEscape() throws(SchemaPatternFault) -> String? {
    guard let letter = peek() else { return nil }
    switch letter {
    case "d", "D", "w", "W": position += 1; return "\\\(letter)"
    // ECMA-262's white space and line ends; RE2's `\s` is ASCII.
    case "s": position += 1; return "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
    case "S":
      position += 1
      return "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}"
        + "\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"
    case "p", "P":
      position += 1
      guard skip("{"), let name = takeName(until: "}") else { throw SchemaPatternFault(description: "'\\\(letter)' without a property in braces") }
      return try SchemaPatternProperty.set(name, isNegated: letter == "P")
    default: return nil
    }
  }

  /// One character behind a backslash.
  private mutating func characterEscape() throws(SchemaPatternFault) -> Unicode.Scalar {
    guard let scalar = take() else { throw SchemaPatternFault(description: "a backslash at the end") }
    switch scalar {
    case "t": return "\t"
    case "n": return "\n"
    case "v": return "\u{0B}"
    case "f": return "\u{0C}"
    case "r": return "\r"
    case "0":
      if let next = peek(), ("0"..."9").contains(next) { throw SchemaPatternFault(description: "an octal escape") }
      return "\0"
    case "c":
      guard let letter = take(), letter.properties.isASCIIHexDigit || SchemaPatternSyntax.isLetterOrDigit(letter), !("0"..."9").contains(letter) else {
        throw SchemaPatternFault(description: "'\\c' without a letter")
      }
      return Unicode.Scalar(UInt8(letter.value & 31))
    case "x": return try character(hexadecimal(2))
    case "u":
      if skip("{") {
        guard let digits = takeName(until: "}"), digits.utf8.count <= 6, let value = UInt32(digits, radix: 16), value <= 0x10FFFF else {
          throw SchemaPatternFault(description: "'\\u{' without a character's number")
        }
        return character(value)
      }
      let value = try hexadecimal(4)
      guard value & 0xFC00 == 0xD800, peek() == "\\", peek(1) == "u" else { return character(value) }
      position += 2
      let low = try hexadecimal(4)
      return character(low & 0xFC00 == 0xDC00 ? 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF : value)
    default:
      guard !SchemaPatternSyntax.isLetterOrDigit(scalar), scalar != "_" else { throw SchemaPatternFault(description: "'\\\(scalar)', which is no escape") }
      return scalar
    }
  }

  private mutating func hexadecimal(_ count: Int) throws(SchemaPatternFault) -> UInt32 {
    let digits = String(String.UnicodeScalarView(pattern[position...].prefix(count)))
    guard digits.utf8.count == count, digits.unicodeScalars.allSatisfy(\.properties.isASCIIHexDigit), let value = UInt32(digits, radix: 16) else {
      throw SchemaPatternFault(description: "an escape without its \(count) hexadecimal digits")
    }
    position += count
    return value
  }

  /// No JSON text holds half of a surrogate pair.
  private mutating func character(_ value: UInt32) -> Unicode.Scalar {
    if let scalar = Unicode.Scalar(value) { return scalar }
    refuse("found half of a surrogate pair")
    return " "
  }

  // MARK: Brackets

  private mutating func bracket() throws(SchemaPatternFault) {
    let isNegated = skip("^")
    var parts = ""
    while peek() != "]" {
      guard peek() != nil else { throw SchemaPatternFault(description: "a '[' without its ']'") }
      guard let start = try bracketAtom(&parts) else { continue }
      guard peek() == "-", let after = peek(1), after != "]" else {
        parts += "\\x{\(String(start.value, radix: 16))}"
        continue
      }
      position += 1
      guard let end = try bracketAtom(&parts) else {
        parts += "\\x{\(String(start.value, radix: 16))}\\x{2d}"
        continue
      }
      guard start <= end else { throw SchemaPatternFault(description: "a range that is the wrong way round") }
      parts += "\\x{\(String(start.value, radix: 16))}-\\x{\(String(end.value, radix: 16))}"
    }
    position += 1
    switch (parts.isEmpty, isNegated) {
    case (true, true): translation += "[\\x{0}-\\x{10ffff}]"
    case (true, false): translation += "[^\\x{0}-\\x{10ffff}]"
    case (false, _): translation += isNegated ? "[^\(parts)]" : "[\(parts)]"
    }
  }

  /// One character of a bracket; nil where it was a class, which is added to `parts`.
  private mutating func bracketAtom(_ parts: inout String) throws(SchemaPatternFault) -> Unicode.Scalar? {
    guard let scalar = take() else { throw SchemaPatternFault(description: "a '[' without its ']'") }
    guard scalar == "\\" else { return scalar }
    if skip("b") { return "\u{08}" }
    if let set = try classEscape() {
      parts += set
      return nil
    }
    return try characterEscape()
  }
}
