/// Reads the syntax of RE2 (github.com/google/re2/wiki/Syntax), without what only matters to captures.
struct CELRegexParser {
  private let pattern: [Unicode.Scalar]
  private var position = 0
  private var nesting = 0
  private var flags = Flags()
  private var groupNames: Set<String> = []

  struct Flags {
    var ignoresCase = false
    /// `^` and `$` also at the ends of lines.
    var isMultiline = false
    /// `.` also takes a line break.
    var dotTakesAll = false
  }

  /// Groups within groups, which bound the stack.
  private static let nestingMax = 50
  /// As in RE2.
  private static let repetitionMax = 1000

  static func parse(_ pattern: String) throws(CELRegexFault) -> CELRegexNode {
    var parser = CELRegexParser(pattern: Array(pattern.unicodeScalars))
    let node = try parser.choice()
    guard parser.position == parser.pattern.count else { throw CELRegexFault(message: "a ')' without its '('") }
    return node
  }

  private init(pattern: [Unicode.Scalar]) { self.pattern = pattern }

  // MARK: Characters

  func peek(_ ahead: Int = 0) -> Unicode.Scalar? { position + ahead < pattern.count ? pattern[position + ahead] : nil }

  mutating func take() -> Unicode.Scalar? {
    guard position < pattern.count else { return nil }
    position += 1
    return pattern[position - 1]
  }

  mutating func skip(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    guard pattern[position...].starts(with: scalars) else { return false }
    position += scalars.count
    return true
  }

  /// What comes before `end`, which is stepped over; nil if it does not come.
  mutating func takeText(until end: String) -> String? {
    let start = position
    while position < pattern.count {
      let here = position
      if skip(end) { return String(String.UnicodeScalarView(pattern[start..<here])) }
      position += 1
    }
    position = start
    return nil
  }

  // MARK: Structure

  private mutating func choice() throws(CELRegexFault) -> CELRegexNode {
    var branches = [try sequence()]
    while peek() == "|" {
      position += 1
      branches.append(try sequence())
    }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence() throws(CELRegexFault) -> CELRegexNode {
    var parts: [CELRegexNode] = []
    while let next = peek(), next != "|", next != ")" {
      if skip("\\Q") {
        let text = takeText(until: "\\E") ?? takeRest()
        for scalar in text.unicodeScalars { parts.append(.character(set(scalar))) }
        // A repetition behind it is one of its last character.
        if let last = text.isEmpty ? nil : parts.popLast() { parts.append(try repeated(last)) }
        continue
      }
      let atom = try atom()
      parts.append(try repeated(atom))
    }
    return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
  }

  private mutating func takeRest() -> String {
    defer { position = pattern.count }
    return String(String.UnicodeScalarView(pattern[position...]))
  }

  private mutating func repeated(_ atom: CELRegexNode) throws(CELRegexFault) -> CELRegexNode {
    guard let (min, max) = try takeCount() else { return atom }
    // Greedy or not makes no difference to whether there is a match.
    _ = skip("?")
    let before = position
    if try takeCount() != nil {
      throw CELRegexFault(message: "a repetition of a repetition at '\(String(String.UnicodeScalarView(pattern[(before - 1)...].prefix(8))))'")
    }
    return .repetition(atom, min: min, max: max)
  }

  private mutating func takeCount() throws(CELRegexFault) -> (Int, Int?)? {
    switch peek() {
    case "*": position += 1; return (0, nil)
    case "+": position += 1; return (1, nil)
    case "?": position += 1; return (0, 1)
    case "{":
      let start = position
      position += 1
      guard let (min, max) = takeBounds() else {
        // As in RE2 a brace that begins no count is itself.
        position = start
        return nil
      }
      guard min <= Self.repetitionMax, max ?? 0 <= Self.repetitionMax, max.map({ $0 >= min }) ?? true else {
        throw CELRegexFault(message: "a repetition count past \(Self.repetitionMax), or the wrong way round")
      }
      return (min, max)
    default: return nil
    }
  }

  private mutating func takeBounds() -> (Int, Int?)? {
    func isDigit(_ scalar: Unicode.Scalar?) -> Bool { scalar.map { $0.value >= 48 && $0.value <= 57 } ?? false }
    func number() -> Int? {
      var value: Int?
      while let digit = peek(), isDigit(digit) {
        position += 1
        value = min((value ?? 0) * 10 + Int(digit.value - 48), 1_000_000)
      }
      return value
    }
    guard let min = number() else { return nil }
    if skip("}") { return (min, min) }
    guard skip(",") else { return nil }
    if skip("}") { return (min, nil) }
    guard let max = number(), skip("}") else { return nil }
    return (min, max)
  }

  private mutating func atom() throws(CELRegexFault) -> CELRegexNode {
    guard let scalar = take() else { return .empty }
    switch scalar {
    case "(": return try group()
    case "[": return .character(try bracket())
    case ".": return .character((flags.dotTakesAll ? CELCharacterSet.any : .anyButNewline).complete)
    case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
    case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
    case "*", "+", "?": throw CELRegexFault(message: "nothing before '\(scalar)' that it could repeat")
    case "\\": return try escape()
    default: return .character(set(scalar))
    }
  }

  private func set(_ scalar: Unicode.Scalar) -> CELCharacterSet {
    var set = CELCharacterSet()
    set.ignoresCase = flags.ignoresCase
    set.insert(scalar)
    return set.complete
  }

  private mutating func group() throws(CELRegexFault) -> CELRegexNode {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Self.nestingMax else { throw CELRegexFault(message: "groups nested deeper than \(Self.nestingMax)") }
    let outer = flags
    if skip("?P<") || skip("?<") {
      guard let name = takeText(until: ">"), !name.isEmpty, name.utf8.allSatisfy({ CELLexer.beginsName($0) || CELLexer.isDigit($0) }) else {
        throw CELRegexFault(message: "a group whose name is none; look-behind is not possible in linear time")
      }
      guard groupNames.insert(name).inserted else { throw CELRegexFault(message: "two groups of the name '\(name)'") }
    } else if skip("?") {
      guard try takeFlags() else {
        // `(?i)` holds for the rest of the group around it.
        return .empty
      }
    }
    let node = try choice()
    guard skip(")") else { throw CELRegexFault(message: "a '(' without its ')'") }
    flags = outer
    return node
  }

  /// `i`, `m`, `s`, `U`, after `-` taken away again. Whether a group follows.
  private mutating func takeFlags() throws(CELRegexFault) -> Bool {
    var value = true
    while let flag = take() {
      switch flag {
      case "i": flags.ignoresCase = value
      case "m": flags.isMultiline = value
      case "s": flags.dotTakesAll = value
      case "U": break
      case "-": value = false
      case ":": return true
      case ")": return false
      case "P" where peek() == "=": throw CELRegexFault(message: "'(?P=' is a back reference, which is not possible in linear time")
      case "=", "!", "<", ">":
        throw CELRegexFault(message: "'(?\(flag)', which is not possible in linear time, as are look-ahead, look-behind and atomic groups")
      default: throw CELRegexFault(message: "'(?\(flag)', which is no group; known are (?:…), (?P<name>…) and the flags i, m, s, U")
      }
    }
    throw CELRegexFault(message: "a '(' without its ')'")
  }

  // MARK: Escapes and brackets

  private mutating func escape() throws(CELRegexFault) -> CELRegexNode {
    switch peek() {
    case "A": position += 1; return .assertion(.textStart)
    case "z": position += 1; return .assertion(.textEnd)
    case "b": position += 1; return .assertion(.wordBoundary)
    case "B": position += 1; return .assertion(.noWordBoundary)
    default: break
    }
    if let named = try namedSet() { return .character(named.complete) }
    return .character(set(try escapedCharacter()))
  }

  /// `\d`, `\pL` and their like, the position being behind the backslash.
  private mutating func namedSet() throws(CELRegexFault) -> CELCharacterSet? {
    let set: CELCharacterSet
    switch peek() {
    case "d": set = .digits
    case "D": set = .digits.negated
    case "s": set = .spaces
    case "S": set = .spaces.negated
    case "w": set = .word
    case "W": set = .word.negated
    case "p", "P":
      var isNegated = take() == "P"
      guard let first = take() else { throw CELRegexFault(message: "a '\\p' without a name") }
      var name = String(Character(first))
      if first == "{" {
        if skip("^") { isNegated.toggle() }
        guard let long = takeText(until: "}") else { throw CELRegexFault(message: "a '\\p{' without its '}'") }
        name = long
      }
      guard let category = CELCharacterSet.category(name, isNegated: isNegated) else {
        throw CELRegexFault(
          message:
            "'\\p{\(name)}', which is no general category such as \\p{L} or \\p{Nd}; for a script, write its range, such as [\u{391}-\u{3A9}\u{3B1}-\u{3C9}]")
      }
      return category
    default: return nil
    }
    position += 1
    return set
  }

  private mutating func escapedCharacter() throws(CELRegexFault) -> Unicode.Scalar {
    guard let scalar = take() else { throw CELRegexFault(message: "a backslash at the end") }
    switch scalar {
    case "a": return "\u{07}"
    case "f": return "\u{0C}"
    case "t": return "\t"
    case "n": return "\n"
    case "r": return "\r"
    case "v": return "\u{0B}"
    case "x": return try hexadecimal()
    case "0"..."7":
      // Up to three octal digits; \1 to \7 alone would be a back reference.
      var value = scalar.value - 48
      var count = 1
      while count < 3, let digit = peek(), digit.value >= 48, digit.value <= 55 {
        value = value * 8 + digit.value - 48
        count += 1
        position += 1
      }
      guard scalar == "0" || count > 1, let result = Unicode.Scalar(value) else {
        throw CELRegexFault(message: "'\\\(scalar)' is a back reference, which is not possible in linear time")
      }
      return result
    default:
      let isLetterOrDigit = scalar.value < 128 && CELCharacterSet.word.complete.contains(scalar.value) && scalar != "_"
      guard !isLetterOrDigit else { throw CELRegexFault(message: "'\\\(scalar)' is no escape") }
      return scalar
    }
  }

  private mutating func hexadecimal() throws(CELRegexFault) -> Unicode.Scalar {
    var digits = ""
    if skip("{") {
      digits = takeText(until: "}") ?? ""
    } else if let first = take(), let second = take() {
      digits = String(String.UnicodeScalarView([first, second]))
    }
    guard digits.utf8.count <= 6, digits.utf8.allSatisfy(CELLexer.isHexadecimal), let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value)
    else {
      throw CELRegexFault(message: "'\\x' needs two hexadecimal digits, or a character's number in braces")
    }
    return scalar
  }

  private mutating func bracket() throws(CELRegexFault) -> CELCharacterSet {
    var set = CELCharacterSet()
    set.isNegated = skip("^")
    set.ignoresCase = flags.ignoresCase
    var isFirst = true
    while isFirst || peek() != "]" {
      guard peek() != nil else { throw CELRegexFault(message: "a '[' without its ']'") }
      isFirst = false
      if skip("[:") {
        let isNegated = skip("^")
        guard let name = takeText(until: ":]"), let named = CELCharacterSet.posix(name) else { throw CELRegexFault(message: "an unknown '[:…:]' class") }
        set.insert(isNegated ? named.negated : named)
        continue
      }
      let start: Unicode.Scalar
      if skip("\\") {
        if let named = try namedSet() {
          set.insert(named)
          continue
        }
        start = try escapedCharacter()
      } else {
        start = take() ?? " "
      }
      guard peek() == "-", let after = peek(1), after != "]" else {
        set.insert(start)
        continue
      }
      position += 1
      let end = skip("\\") ? try escapedCharacter() : take() ?? start
      guard start <= end else { throw CELRegexFault(message: "the range '\(start)-\(end)' is the wrong way round") }
      set.insert(start.value...end.value)
    }
    position += 1
    return set.complete
  }
}
