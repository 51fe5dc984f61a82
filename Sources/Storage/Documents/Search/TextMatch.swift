import Core

/// A text query as FTS5 and the snippets take it. What was typed stands in FTS5's language only as quoted strings.
struct TextMatch {
  /// What is marked in snippets: a phrase's words as they are compared.
  struct Phrase {
    let words: [[UInt8]]
    let isPrefix: Bool
  }

  /// The columns that are looked at.
  let columns: [Int]
  let expression: String
  let phrases: [Phrase]

  /// Throws `bad_request` where there is nothing to look for, `forbidden` where there is no field to look in.
  /// - Parameter guarded: fields that the caller does not see everywhere. Nothing is looked for in them: whether a document is found would tell.
  init(_ query: TextQuery, _ index: TextIndex, guarded: Set<String>, tokenizer: TextTokenizer, collection: String) throws {
    let definition = index.definition
    columns = definition.fields.indices.filter { !guarded.contains(definition.fields[$0][0]) }
    guard !columns.isEmpty else {
      throw RoostError(.forbidden, "'\(collection)' cannot be searched: not everybody may see the fields of its text index.")
    }
    var phrases: [Phrase] = []
    func alternatives(_ alternatives: [TextQuery.Phrase], isWanted: Bool) throws -> [String] {
      try alternatives.compactMap { phrase in
        let words = try tokenizer.words(of: phrase.text)
        // Punctuation alone is no word.
        guard let last = words.last else { return nil }
        if phrase.isPrefix, definition.tokenizer != .trigram { try Self.requireLength(last, of: phrase) }
        let isPrefix = phrase.isPrefix && definition.tokenizer != .trigram
        if isWanted { phrases.append(Phrase(words: words, isPrefix: isPrefix)) }
        return Self.quoted(phrase.text) + (isPrefix ? " *" : "")
      }
    }
    let wanted = try query.wanted.map { try alternatives($0, isWanted: true) }.filter { !$0.isEmpty }
    guard !wanted.isEmpty else {
      throw RoostError(
        .badRequest,
        definition.tokenizer == .trigram
          ? "`search` holds nothing to look for: expected a word of three characters at least." : "`search` holds no word to look for.")
    }
    let excluded = try alternatives(query.excluded, isWanted: false)
    var expression = wanted.map { "(" + $0.joined(separator: " OR ") + ")" }.joined(separator: " AND ")
    if !excluded.isEmpty { expression = "(\(expression)) NOT (\(excluded.joined(separator: " OR ")))" }
    if columns.count < definition.fields.count { expression = "{\(columns.map { "c\($0)" }.joined(separator: " "))} : (\(expression))" }
    self.expression = expression
    self.phrases = phrases
  }

  private static func requireLength(_ word: [UInt8], of phrase: TextQuery.Phrase) throws {
    guard String(decoding: word, as: UTF8.self).unicodeScalars.count < Limits.searchPrefixCharactersMin else { return }
    throw RoostError(
      .badRequest,
      "`search` asks for all that begins with '\(phrase.text.prefix(20))': expected at least \(Limits.searchPrefixCharactersMin) characters before `*`.")
  }

  /// A string of FTS5: all between the quotes is text, and a quote is written twice (https://www.sqlite.org/fts5.html, section 3.1).
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted += "\"" }
      quoted.unicodeScalars.append(scalar.value == 0 ? " " : scalar)
    }
    return quoted + "\""
  }

  /// The weights as arguments of our ranking: what is not looked at is as if it were not there.
  func weights(_ definition: TextIndexDefinition) -> [Double] {
    definition.weights.indices.map { columns.contains($0) ? definition.weights[$0] : 0 }
  }
}
