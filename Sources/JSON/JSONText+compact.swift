extension JSONText {
  /// A validated text without white space between its tokens; everything else keeps its exact text.
  package static func compact(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBufferPointer { compact($0) } }

  /// A validated text without white space between its tokens; everything else keeps its exact text.
  package static func compact(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: text.count) { out, written in
      var skimmer = JSONSkimmer(text)
      while skimmer.position < text.count {
        let start = skimmer.position
        let byte = text[start]
        if byte == UInt8(ascii: "\"") {
          skimmer.skipString()
          for index in start..<skimmer.position {
            out[written] = text[index]
            written += 1
          }
          continue
        }
        skimmer.position += 1
        if !JSONSkimmer.isSpace(byte) {
          out[written] = byte
          written += 1
        }
      }
    }
  }

  /// Whether a validated text is an object without members.
  package static func isEmptyObject(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { text in
      var skimmer = JSONSkimmer(text)
      return skimmer.enter(UInt8(ascii: "{")) && skimmer.peek() == UInt8(ascii: "}")
    }
  }

  /// The range of what stands between the braces of a validated object, without the white space around it; empty for
  /// an object without members and for anything that is no object.
  package static func inside(_ object: UnsafeBufferPointer<UInt8>) -> Range<Int> {
    var skimmer = JSONSkimmer(object)
    guard skimmer.enter(UInt8(ascii: "{")) else { return 0..<0 }
    let start = skimmer.position
    var end = object.count
    while end > start, object[end - 1] != UInt8(ascii: "}") { end -= 1 }
    end = max(start, end - 1)
    while end > start, JSONSkimmer.isSpace(object[end - 1]) { end -= 1 }
    return start..<end
  }
}
