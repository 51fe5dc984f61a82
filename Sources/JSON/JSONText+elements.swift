extension JSONText {
  /// The raw ranges of the elements of a validated array that begins at this place; none where no array does.
  package static func elements(of text: [UInt8], from start: Int = 0) -> [Range<Int>] {
    text.withUnsafeBufferPointer { text in
      var skimmer = JSONSkimmer(text, at: start)
      var elements: [Range<Int>] = []
      guard skimmer.enter(UInt8(ascii: "[")) else { return [] }
      while skimmer.hasElement() {
        let start = skimmer.position
        skimmer.skipValue()
        elements.append(start..<skimmer.position)
      }
      return elements
    }
  }
}
