/// Cuts a source into tokens, one at a time.
struct CELLexer {
  let source: [UInt8]
  private(set) var position = 0

  init(_ source: [UInt8]) { self.source = source }

  mutating func next() throws(CELSyntaxFault) -> CELToken {
    skipBlanks()
    let start = position
    let kind = try kind()
    return CELToken(kind: kind, start: start, end: position)
  }

  func byte(_ ahead: Int = 0) -> UInt8? {
    let index = position + ahead
    return index < source.count ? source[index] : nil
  }

  mutating func advance(_ count: Int = 1) { position += count }

  private mutating func skipBlanks() {
    while let byte = byte() {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x0C: position += 1
      case UInt8(ascii: "/") where self.byte(1) == UInt8(ascii: "/"):
        while let byte = self.byte(), byte != UInt8(ascii: "\n") { position += 1 }
      default: return
      }
    }
  }

  private mutating func kind() throws(CELSyntaxFault) -> CELToken.Kind {
    guard let first = byte() else { return .end }
    if Self.isDigit(first) { return try number() }
    if first == UInt8(ascii: "."), let second = byte(1), Self.isDigit(second) { return try number() }
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") { return try text(raw: false, bytes: false) }
    if Self.beginsName(first) { return try word() }
    if first == UInt8(ascii: "`") { return try quotedName() }
    return try sign(first)
  }

  private mutating func word() throws(CELSyntaxFault) -> CELToken.Kind {
    if let (raw, bytes, length) = textPrefix() {
      position += length
      return try text(raw: raw, bytes: bytes)
    }
    let start = position
    while let byte = byte(), Self.beginsName(byte) || Self.isDigit(byte) { position += 1 }
    let word = String(decoding: source[start..<position], as: UTF8.self)
    return CELToken.keywords.contains(word) ? .keyword(word) : .identifier(word)
  }

  /// `r`, `b` and `br` right before a quotation mark.
  private func textPrefix() -> (raw: Bool, bytes: Bool, length: Int)? {
    func isQuote(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }
    func isRaw(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: "r") || byte == UInt8(ascii: "R") }
    if isRaw(byte()), isQuote(byte(1)) { return (true, false, 1) }
    guard byte() == UInt8(ascii: "b") || byte() == UInt8(ascii: "B") else { return nil }
    if isQuote(byte(1)) { return (false, true, 1) }
    if isRaw(byte(1)), isQuote(byte(2)) { return (true, true, 2) }
    return nil
  }

  private mutating func quotedName() throws(CELSyntaxFault) -> CELToken.Kind {
    let start = position
    position += 1
    while let byte = byte(), byte != UInt8(ascii: "`") {
      let allowed = Self.beginsName(byte) || Self.isDigit(byte) || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: " ")].contains(byte)
      guard allowed else {
        throw CELSyntaxFault(offset: position, message: "a name between backticks has only letters, digits, '_', '-', '.', '/' and spaces")
      }
      position += 1
    }
    guard byte() != nil else { throw CELSyntaxFault(offset: start, message: "this '`' has no closing '`'") }
    let name = String(decoding: source[(start + 1)..<position], as: UTF8.self)
    position += 1
    guard !name.isEmpty else { throw CELSyntaxFault(offset: start, message: "expected a name between the backticks") }
    return .quotedName(name)
  }

  private static let signs = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}"]

  private mutating func sign(_ first: UInt8) throws(CELSyntaxFault) -> CELToken.Kind {
    let foreign = CELForeignWords.signs.first { source[position...].starts(with: $0.sign.utf8) }
    for sign in Self.signs where source[position...].starts(with: sign.utf8) && (foreign?.sign.utf8.count ?? 0) <= sign.utf8.count {
      position += sign.utf8.count
      return .sign(sign)
    }
    let found = foreign.map { "'\($0.sign)'; \($0.advice)" } ?? "\(Self.quoted(character(at: position))), which means nothing in an expression"
    throw CELSyntaxFault(offset: position, message: "found \(found)")
  }

  /// The code point that begins at a byte.
  private func character(at offset: Int) -> Unicode.Scalar {
    String(decoding: source[offset..<min(source.count, offset + 4)], as: UTF8.self).unicodeScalars.first ?? "\u{FFFD}"
  }

  private static func quoted(_ scalar: Unicode.Scalar) -> String {
    scalar.value < 32 || scalar.value == 127 || scalar.properties.isWhitespace ? "U+\(String(scalar.value, radix: 16, uppercase: true))" : "'\(scalar)'"
  }

  static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  static func beginsName(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
  }
}
