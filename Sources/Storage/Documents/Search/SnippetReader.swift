import Core

/// Finds the piece of a text that shows best why it was found. It takes words as the index does, with the same tokenizer.
struct SnippetReader {
  /// Words of all phrases that can be told apart; what lies behind is found, but not marked.
  private static let slotsMax = 64
  /// How much of a text is looked at: a text of a megabyte would take some tens of milliseconds.
  private static let textBytesMax = 128 << 10
  private static let snippetBytesMax = 1000
  /// Words of a snippet, and of these before the first that was found.
  private static let wordsMax = 32
  private static let wordsBefore = 8

  private let tokenizer: TextTokenizer
  /// Each word of each phrase has a slot, a bit of its own.
  private var slots: [(word: [UInt8], isPrefix: Bool)] = []
  private var phrases: [Range<Int>] = []
  private let scale: Int

  /// - Parameter isByCharacters: words are pieces of words, of which more make a snippet.
  init(_ phrases: [TextMatch.Phrase], _ tokenizer: TextTokenizer, isByCharacters: Bool) {
    self.tokenizer = tokenizer
    scale = isByCharacters ? 5 : 1
    for phrase in phrases where slots.count + phrase.words.count <= Self.slotsMax {
      self.phrases.append(slots.count..<slots.count + phrase.words.count)
      for (place, word) in phrase.words.enumerated() { slots.append((word, phrase.isPrefix && place == phrase.words.count - 1)) }
    }
  }

  /// Nil where nothing was found.
  func snippet(of text: [UInt8]) throws -> TextSnippet? {
    guard !text.isEmpty, !slots.isEmpty else { return nil }
    let looked = Self.cut(text, to: Self.textBytesMax)
    var words: [Word] = []
    try tokenizer.forEachWord(of: looked) { word, place in
      var bits: UInt64 = 0
      for (slot, wanted) in slots.enumerated() where word.starts(with: wanted.word) && (wanted.isPrefix || word.count == wanted.word.count) {
        bits |= 1 << UInt64(slot)
      }
      words.append(Word(place: place.clamped(to: 0..<looked.count), slots: bits))
    }
    let matches = matches(in: words)
    guard !matches.isEmpty else { return nil }
    return snippet(of: looked, words, matches, isWhole: looked.count == text.count)
  }

  private struct Word {
    let place: Range<Int>
    let slots: UInt64
  }

  private struct Match {
    let words: Range<Int>
    let phrase: Int
  }

  private func matches(in words: [Word]) -> [Match] {
    var matches: [Match] = []
    for position in words.indices where words[position].slots != 0 {
      for (number, phrase) in phrases.enumerated() where position + phrase.count <= words.count {
        let isFound = phrase.enumerated().allSatisfy { offset, slot in words[position + offset].slots & 1 << UInt64(slot) != 0 }
        if isFound { matches.append(Match(words: position..<position + phrase.count, phrase: number)) }
      }
    }
    return matches
  }

  /// The window with the most different phrases, the first of several.
  private func window(_ words: [Word], _ matches: [Match]) -> Range<Int> {
    let (most, before) = (Self.wordsMax * scale, Self.wordsBefore * scale)
    guard words.count > most else { return words.indices }
    var best = (start: matches[0].words.lowerBound, phrases: 0)
    for (number, match) in matches.enumerated() {
      var seen: UInt64 = 0
      let end = match.words.lowerBound + most - before
      for other in matches[number...] {
        guard other.words.upperBound <= end else { break }
        seen |= 1 << UInt64(other.phrase)
      }
      if seen.nonzeroBitCount > best.phrases { best = (match.words.lowerBound, seen.nonzeroBitCount) }
      if best.phrases == phrases.count { break }
    }
    let start = max(0, min(best.start - before, words.count - most))
    return start..<min(words.count, start + most)
  }

  private func snippet(of text: [UInt8], _ words: [Word], _ matches: [Match], isWhole: Bool) -> TextSnippet {
    let window = window(words, matches)
    let start = window.lowerBound == 0 ? 0 : words[window.lowerBound].place.lowerBound
    let wanted = window.upperBound == words.count ? text.count : words[window.upperBound - 1].place.upperBound
    // A single word may be very long.
    let end = start + Self.cut(Array(text[start..<wanted]), to: Self.snippetBytesMax).count
    var parts: [TextSnippet.Part] = []
    var written = start
    func write(to place: Int, isMatch: Bool) {
      guard place > written else { return }
      parts.append(TextSnippet.Part(String(decoding: text[written..<place], as: UTF8.self), isMatch: isMatch))
      written = place
    }
    // What overlaps or touches is one mark: pieces of words do.
    for place in Self.merged(matches.map { words[$0.words.lowerBound].place.lowerBound..<words[$0.words.upperBound - 1].place.upperBound }) {
      guard place.upperBound > start, place.lowerBound < end else { continue }
      write(to: place.lowerBound, isMatch: false)
      write(to: min(place.upperBound, end), isMatch: true)
    }
    write(to: end, isMatch: false)
    return TextSnippet(parts: parts, isCutBefore: start > 0, isCutBehind: end < text.count || !isWhole)
  }

  private static func merged(_ places: [Range<Int>]) -> [Range<Int>] {
    var merged: [Range<Int>] = []
    for place in places {
      if let last = merged.last, place.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, place.upperBound)
      } else {
        merged.append(place)
      }
    }
    return merged
  }

  /// At most so many bytes from the beginning, of whole characters.
  private static func cut(_ text: [UInt8], to bytes: Int) -> [UInt8] {
    guard text.count > bytes else { return text }
    var end = bytes
    while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
    return Array(text[..<end])
  }
}
