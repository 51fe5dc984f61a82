/// What stands between the quotes of a string.
struct StringToken {
  let start: Int
  let end: Int
  /// Whether it holds a backslash, so that its text is not its value.
  let escaped: Bool
}

extension JSONScanner {
  /// Reads the string whose opening quote is at `position`.
  @inline(__always)
  mutating func scanString() throws(JSONFault) -> StringToken {
    position += 1
    let start = position
    skipPlain()
    if position < count, base[position] == UInt8(ascii: "\"") {
      position += 1
      return StringToken(start: start, end: position - 1, escaped: false)
    }
    return try scanRest(of: start)
  }

  /// Goes on where the first special byte of the string was met.
  private mutating func scanRest(of start: Int) throws(JSONFault) -> StringToken {
    var escaped = false
    while position < count {
      let byte = base[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return StringToken(start: start, end: position - 1, escaped: escaped)
      case UInt8(ascii: "\\"):
        escaped = true
        try scanEscape()
      case 0..<0x20:
        throw JSONFault(.controlCharacter, at: position)
      case 0x80...:
        repeat {
          let length = UTF8Sequence.length(at: position, in: text)
          guard length > 0 else { throw JSONFault(.invalidUTF8, at: position) }
          position += length
        } while position < count && base[position] >= 0x80
        continue
      default: break
      }
      skipPlain()
    }
    throw JSONFault(.unterminatedString, at: count)
  }

  /// Steps to the next byte that is a quote, a backslash, a control character or beyond ASCII, or to the end.
  @inline(__always)
  private mutating func skipPlain() {
    // A local, so that it stays in a register.
    var place = position
    while place <= count - 8 {
      let special = ByteWord.specialInString(ByteWord.load(base + place))
      if special != 0 {
        position = place + ByteWord.firstIndex(special)
        return
      }
      place += 8
    }
    while place < count {
      let byte = base[place]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 || byte >= 0x80 { break }
      place += 1
    }
    position = place
  }

  /// Steps behind one escape. `\u` escapes of surrogates must come in pairs (RFC 7493 section 2.1).
  private mutating func scanEscape() throws(JSONFault) {
    let start = position
    guard start + 1 < count else { throw JSONFault(.invalidEscape, at: count) }
    let letter = base[start + 1]
    if JSONEscapes.simple(letter) != 0 {
      position += 2
      return
    }
    guard letter == UInt8(ascii: "u") else { throw JSONFault(.invalidEscape, at: start + 1) }
    let unit = try hexQuad(at: start + 2)
    guard (0xD800...0xDFFF).contains(unit) else {
      position += 6
      return
    }
    guard unit <= 0xDBFF, start + 7 < count, base[start + 6] == UInt8(ascii: "\\"), base[start + 7] == UInt8(ascii: "u") else {
      throw JSONFault(.loneSurrogate, at: start)
    }
    let low = try hexQuad(at: start + 8)
    guard (0xDC00...0xDFFF).contains(low) else { throw JSONFault(.loneSurrogate, at: start) }
    position += 12
  }

  private func hexQuad(at offset: Int) throws(JSONFault) -> UInt32 {
    guard let unit = JSONEscapes.hexQuad(at: offset, in: text) else { throw JSONFault(.invalidHexDigits, at: min(offset, count)) }
    return unit
  }
}
