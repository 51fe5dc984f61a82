/// A word of the language.
struct CELToken {
  enum Kind: Equatable {
    case end
    case identifier(String)
    /// A name between backticks, for fields such as `content-type`.
    case quotedName(String)
    /// Digits without a sign; nil if they are past 2⁶⁴ - 1.
    case integer(UInt64?)
    case unsigned(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    /// An operator or a bracket.
    case sign(String)
    case keyword(String)
  }

  let kind: Kind
  /// Where it begins, in bytes.
  let start: Int
  let end: Int

  /// As an error says what was found.
  var description: String {
    switch kind {
    case .end: "the end of the expression"
    case .identifier(let name): "'\(name)'"
    case .quotedName(let name): "'`\(name)`'"
    case .integer, .unsigned, .double: "a number"
    case .string: "a string"
    case .bytes: "a bytes literal"
    case .sign(let sign): "'\(sign)'"
    case .keyword(let word): "'\(word)'"
    }
  }

  static let keywords: Set<String> = ["true", "false", "null", "in"]
  /// Words that may name a field after a dot, but no variable.
  static let reserved: Set<String> = [
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return",
    "var", "void", "while",
  ]
}

/// A fault of the source, by the byte where it is.
struct CELSyntaxFault: Error {
  let offset: Int
  let message: String
}
