import Glibc
import JSON

/// Where a field's value stands in a document's body.
struct CELFieldSlot {
  private(set) var start: Int32
  let end: Int32
  let isEscaped: Bool

  static let unread = CELFieldSlot(start: -1, end: 0, isEscaped: false)
  static let absent = CELFieldSlot(start: -2, end: 0, isEscaped: false)

  var isRead: Bool { start != -1 }
  var isThere: Bool { start >= 0 }
}

/// Finds members of an object in the text of a JSON document that is known to be valid, all wanted ones in one pass. On a text
/// that is not valid it stays in its bounds and may find anything.
struct CELFieldScan {
  private let text: UnsafePointer<UInt8>
  private let count: Int
  private var position: Int

  /// - Parameter start: where the object begins in the text.
  init?(_ text: UnsafeBufferPointer<UInt8>, from start: Int = 0) {
    guard let base = text.baseAddress else { return nil }
    self.text = base
    count = text.count
    position = start
  }

  /// Fills the slots of `names`; the others stay as they are.
  mutating func find(_ names: UnsafeBufferPointer<CELName>, into slots: UnsafeMutablePointer<CELFieldSlot>) {
    for place in 0..<names.count { slots[place] = .absent }
    var left = names.count
    skipBlanks()
    guard position < count, text[position] == UInt8(ascii: "{") else { return }
    position += 1
    while left > 0 {
      skipBlanks()
      guard position < count, text[position] == UInt8(ascii: "\"") else { return }
      let keyStart = position + 1
      let keyMayBeEscaped = skipString()
      let keyEnd = position - 1
      skipBlanks()
      position += 1
      skipBlanks()
      guard position < count else { return }
      let place = keyMayBeEscaped && isEscaped(keyStart, keyEnd + 1) ? unescaped(keyStart, keyEnd, names) : place(of: keyStart, keyEnd, names)
      let start = position
      let mayBeEscaped = skipValue()
      if let place, !slots[place].isThere {
        slots[place] = CELFieldSlot(
          start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: position), isEscaped: mayBeEscaped && isEscaped(start, position))
        left -= 1
      }
      skipBlanks()
      guard position < count, text[position] == UInt8(ascii: ",") else { return }
      position += 1
    }
  }

  @inline(__always)
  private func place(of start: Int, _ end: Int, _ names: UnsafeBufferPointer<CELName>) -> Int? {
    let length = end - start
    guard length >= 0 else { return nil }
    let head = start + 8 <= count ? UnsafeRawPointer(text + start).loadUnaligned(as: UInt64.self).littleEndian : word(start, min(end, start + 8))
    for place in 0..<names.count where names[place].head == head & names[place].headMask && names[place].count == length {
      if names[place].hasTail(text + start, length) { return place }
    }
    return nil
  }

  /// The last key of a text may be less than eight bytes before its end.
  private func word(_ start: Int, _ end: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in start..<max(start, end) { word |= UInt64(text[index]) << UInt64((index - start) * 8) }
    return word
  }

  private func unescaped(_ start: Int, _ end: Int, _ names: UnsafeBufferPointer<CELName>) -> Int? {
    let quoted = UnsafeBufferPointer(start: text + start - 1, count: max(0, end - start + 2))
    guard case .string(let key)? = try? JSONValue(parsing: quoted) else { return nil }
    return names.firstIndex { CELText.equal($0.text, key) }
  }

  @inline(__always)
  private mutating func skipBlanks() {
    if position < count, text[position] <= 0x20 { skipManyBlanks() }
  }

  // Stored documents are compact: it is not worth being inlined.
  @inline(never)
  private mutating func skipManyBlanks() {
    while position < count, text[position] <= 0x20 { position += 1 }
  }

  /// Whether a string has an escape, or no end. Asked only of what is wanted.
  private func isEscaped(_ start: Int, _ end: Int) -> Bool {
    end <= start || text[end - 1] != UInt8(ascii: "\"") || memchr(text + start, 0x5C, end - start) != nil
  }

  /// Steps behind a string; tells whether it may have escapes.
  @inline(__always)
  private mutating func skipString() -> Bool {
    position &+= 1
    guard position &+ 8 <= count else { return skipLongString() }
    let word = UnsafeRawPointer(text + position).loadUnaligned(as: UInt64.self).littleEndian
    let quote = word ^ 0x2222_2222_2222_2222
    let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
    // The lowest set bit is at the first byte that is one of the two.
    let found = (((quote &- 0x0101_0101_0101_0101) & ~quote) | ((backslash &- 0x0101_0101_0101_0101) & ~backslash)) & 0x8080_8080_8080_8080
    guard found != 0 else {
      position &+= 8
      return skipLongString()
    }
    position &+= found.trailingZeroBitCount >> 3
    guard text[position] == UInt8(ascii: "\"") else { return skipLongString() }
    position &+= 1
    return false
  }

  /// The same from somewhere within the string, with the C library's vector code.
  @inline(never)
  private mutating func skipLongString() -> Bool {
    let start = position
    while position < count, let found = memchr(text + position, 0x22, count - position) {
      let quote = UnsafeRawPointer(found) - UnsafeRawPointer(text)
      var first = quote
      while first > start, text[first - 1] == UInt8(ascii: "\\") { first -= 1 }
      position = quote + 1
      // After an even number of backslashes the quotation mark is not escaped.
      if (quote - first) & 1 == 0 { return true }
    }
    position = count
    return true
  }

  @inline(__always)
  private mutating func skipValue() -> Bool {
    guard position < count else { return false }
    switch text[position] {
    case UInt8(ascii: "\""): return skipString()
    case UInt8(ascii: "{"), UInt8(ascii: "["): skipContainer()
    default:
      while position < count, text[position] != UInt8(ascii: ","), text[position] != UInt8(ascii: "}"), text[position] != UInt8(ascii: "]"),
        text[position] > 0x20
      { position += 1 }
    }
    return false
  }

  private mutating func skipContainer() {
    var depth = 0
    while position < count {
      switch text[position] {
      case UInt8(ascii: "\""):
        _ = skipString()
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
      position += 1
      if depth == 0 { return }
    }
  }
}
