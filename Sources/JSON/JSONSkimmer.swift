/// Steps through a text that was validated, without checking it again. On any other text it stays within bounds and always
/// comes to an end, no more.
struct JSONSkimmer {
  let text: UnsafeBufferPointer<UInt8>
  var position = 0

  init(_ text: UnsafeBufferPointer<UInt8>, at position: Int = 0) {
    self.text = text
    self.position = position
  }

  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

  @inline(__always)
  mutating func skipSpace() {
    while position < text.count, JSONSkimmer.isSpace(text[position]) { position += 1 }
  }

  /// The next byte that is not white space, which is stepped over; 0 at the end.
  @inline(__always)
  mutating func peek() -> UInt8 {
    skipSpace()
    return position < text.count ? text[position] : 0
  }

  /// Steps behind `token` and the white space around it, if that is what follows.
  @inline(__always)
  mutating func enter(_ token: UInt8) -> Bool {
    guard peek() == token else { return false }
    position += 1
    skipSpace()
    return true
  }

  /// Steps behind the string that starts here.
  /// - Returns: whether it holds escapes.
  @inline(__always)
  @discardableResult
  mutating func skipString() -> Bool {
    guard let base = text.baseAddress else { return false }
    var escaped = false
    position += 1
    while position < text.count {
      if position + 8 <= text.count {
        let mask = ByteWord.quoteOrBackslash(ByteWord.load(base + position))
        if mask == 0 {
          position += 8
          continue
        }
        position += ByteWord.firstIndex(mask)
      }
      let byte = text[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return escaped }
      if byte == UInt8(ascii: "\\") {
        escaped = true
        position += 1
      }
    }
    position = text.count
    return escaped
  }

  /// Steps behind the value that starts here.
  @inline(__always)
  mutating func skipValue() {
    switch peek() {
    case UInt8(ascii: "\""): skipString()
    case UInt8(ascii: "{"), UInt8(ascii: "["): skipContainer()
    default: skipScalar()
    }
  }

  private mutating func skipContainer() {
    var depth = 0
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""):
        skipString()
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
      position += 1
      if depth <= 0 { return }
    }
  }

  private mutating func skipScalar() {
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x0A, 0x0D, 0x09: return
      default: position += 1
      }
    }
  }
}
