/// What somebody typed into a search box, understood. It is no expression of the database: every character that is not one of the few
/// signs below is text to look for.
///
/// - Words next to one another must all be found.
/// - `"some words"` are found in a row; a quote that is not closed ends with the text.
/// - `word*` finds what begins so; the last word of a phrase may be one: `"brown fo"*`.
/// - `-word` and `-"some words"` must not be found.
/// - `a OR b`: one of both, in capitals; it binds closer than what stands next to it.
package struct TextQuery: Sendable, Equatable {
  package struct Phrase: Sendable, Equatable {
    /// As it was typed, without the signs and without control characters; one word or several.
    package let text: String
    /// Whether its last word may go on.
    package let isPrefix: Bool

    package init(text: String, isPrefix: Bool) {
      self.text = text
      self.isPrefix = isPrefix
    }
  }

  /// Of each list one phrase must be found.
  package let wanted: [[Phrase]]
  package let excluded: [Phrase]

  /// Throws `bad_request`.
  package init(parsing text: String) throws {
    guard text.utf8.count <= Limits.searchTextBytesMax else {
      throw RoostError(.badRequest, "`search` has \(text.utf8.count) bytes; the most is \(Limits.searchTextBytesMax).")
    }
    var reader = TextQueryReader(text)
    var wanted: [[Phrase]] = []
    var excluded: [Phrase] = []
    var count = 0
    var joinsNext = false
    var pieces = reader.all()[...]
    while let piece = pieces.popFirst() {
      // Only between two that are wanted is it a sign; else somebody looks for the word.
      if piece.isOr, !wanted.isEmpty, !joinsNext, let next = pieces.first, !next.isExcluded {
        joinsNext = true
        continue
      }
      count += 1
      if piece.isExcluded {
        excluded.append(piece.phrase)
      } else if joinsNext, let last = wanted.popLast() {
        wanted.append(last + [piece.phrase])
        joinsNext = false
      } else {
        wanted.append([piece.phrase])
      }
    }
    guard count <= Limits.searchTermsMax else {
      throw RoostError(.badRequest, "`search` has \(count) words and phrases; the most is \(Limits.searchTermsMax).")
    }
    self.wanted = wanted
    self.excluded = excluded
  }
}

private struct TextQueryReader {
  struct Piece {
    let phrase: TextQuery.Phrase
    let isExcluded: Bool
    let isQuoted: Bool

    var isOr: Bool { !isQuoted && !isExcluded && !phrase.isPrefix && phrase.text == "OR" }
  }

  private var rest: Substring.UnicodeScalarView

  init(_ text: String) {
    rest = text[...].unicodeScalars
  }

  mutating func all() -> [Piece] {
    var pieces: [Piece] = []
    while let piece = next() { pieces.append(piece) }
    return pieces
  }

  private mutating func next() -> Piece? {
    while let first = rest.first, Self.isSpace(first) { rest.removeFirst() }
    guard let first = rest.first else { return nil }
    var isExcluded = false
    if first == "-", let second = rest.dropFirst().first, !Self.isSpace(second) {
      rest.removeFirst()
      isExcluded = true
    }
    if rest.first == "\"" {
      rest.removeFirst()
      let text = take { $0 != "\"" }
      rest = rest.dropFirst()
      let isPrefix = !take { $0 == "*" }.isEmpty
      return Piece(phrase: TextQuery.Phrase(text: text, isPrefix: isPrefix), isExcluded: isExcluded, isQuoted: true)
    }
    var word = take { !Self.isSpace($0) && $0 != "\"" }[...]
    var isPrefix = false
    while word.hasSuffix("*") {
      word.removeLast()
      isPrefix = true
    }
    return Piece(phrase: TextQuery.Phrase(text: String(word), isPrefix: isPrefix), isExcluded: isExcluded, isQuoted: false)
  }

  /// What comes as long as the condition holds, with blanks in place of control characters.
  private mutating func take(while isWanted: (Unicode.Scalar) -> Bool) -> String {
    var text = String.UnicodeScalarView()
    while let scalar = rest.first, isWanted(scalar) {
      text.append(scalar.properties.generalCategory == .control ? " " : scalar)
      rest.removeFirst()
    }
    return String(text)
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
  }
}
