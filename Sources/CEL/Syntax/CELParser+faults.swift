extension CELParser {
  func unexpected(_ expected: String, advice: String? = nil) -> CELSyntaxFault {
    CELSyntaxFault(offset: token.start, message: "expected \(expected), found \(token.description)\(advice.map { "; \($0)" } ?? "")")
  }

  /// What is found where a value must be.
  func unexpectedValue() -> CELSyntaxFault {
    let advice: String? =
      switch token.kind {
      case .sign("/"): "a regular expression is a string, as in title.matches(\"^a+$\")"
      case .quotedName(let name): "backticks are for a field behind a dot, as in document.`\(name)`"
      default: nil
      }
    return switch taken.kind {
    case .sign(let text), .keyword(let text): unexpected("a value after '\(text)'", advice: advice)
    default: unexpected("a value", advice: advice)
    }
  }

  /// What is found behind a value, where only an operator or a closing bracket can be. Often the word before it was meant as an
  /// operator, or this one is an operator of another language.
  func unexpectedOperator(_ expected: String) -> CELSyntaxFault {
    if case .identifier(let word) = taken.kind {
      if let advice = CELForeignWords.prefixes[word.lowercased()] {
        return CELSyntaxFault(offset: taken.start, message: "found '\(word)'; \(advice)")
      }
      if word == "has" || CELFunctions.table[word] != nil, beginsValue {
        return CELSyntaxFault(offset: taken.start, message: "'\(word)' is a function, and must be called with parentheses, as in \(word)(…)")
      }
    }
    switch token.kind {
    case .identifier(let word):
      if let advice = CELForeignWords.operators[word.lowercased()] {
        return CELSyntaxFault(offset: token.start, message: "found '\(word)'; \(advice)")
      }
      if case .string = taken.kind, taken.end == token.start {
        return unexpected(expected, advice: "a quotation mark within a string is written \\' or \\\"")
      }
    case .sign(","): return unexpected(expected, advice: "for \"and\", write '&&'; a list is written in square brackets, [1, 2]")
    case .sign(let bracket) where [")", "]", "}"].contains(bracket) && expected.hasSuffix("the end"):
      return unexpected(expected, advice: "this '\(bracket)' closes nothing")
    default: break
    }
    return unexpected(expected)
  }

  private var beginsValue: Bool {
    switch token.kind {
    case .identifier, .quotedName, .integer, .unsigned, .double, .string, .bytes, .keyword("true"), .keyword("false"), .keyword("null"): true
    default: false
    }
  }
}
