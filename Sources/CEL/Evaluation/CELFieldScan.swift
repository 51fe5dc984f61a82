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

/// A field's name, ready to be compared with keys in JSON text.
struct CELFieldName: Sendable {
  let name: String
  let bytes: [UInt8]
  /// The first eight bytes as one word, filled up with zeros.
  let head: UInt64
  let headMask: UInt64

  init(_ name: String) {
    self.name = name
    bytes = Array(name.utf8)
    head = bytes.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64($1.offset * 8) }
    headMask = bytes.count >= 8 ? .max : (1 << UInt64(bytes.count * 8)) - 1
  }
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
  mutating func find(_ names: UnsafeBufferPointer<CELFieldName>, into slots: UnsafeMutablePointer<CELFieldSlot>) {
    for place in 0..<names.count { slots[place] = .absent }
    var left = names.count
    skipBlanks()
    guard position < count, text[position] == UInt8(ascii: "{") else { return }
    position += 1
    while left > 0 {
      skipBlanks()
      guard position < count, text[position] == UInt8(ascii: "\"") else { return }
      let keyStart = position + 1
      let keyIsEscaped = skipString()
      let keyEnd = position - 1
      skipBlanks()
      position += 1
      skipBlanks()
      let place = keyIsEscaped ? unescaped(keyStart, keyEnd, names) : place(of: keyStart, keyEnd, names)
      let start = position
      let escaped = skipValue()
      if let place, !slots[place].isThere {
        slots[place] = CELFieldSlot(start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: position), isEscaped: escaped)
        left -= 1
      }
      skipBlanks()
      guard position < count, text[position] == UInt8(ascii: ",") else { return }
      position += 1
    }
  }

  @inline(__always)
  private func place(of start: Int, _ end: Int, _ names: UnsafeBufferPointer<CELFieldName>) -> Int? {
    let length = end - start
    guard length >= 0 else { return nil }
    let head = start + 8 <= count ? UnsafeRawPointer(text + start).loadUnaligned(as: UInt64.self).littleEndian : word(start, min(end, start + 8))
    for place in 0..<names.count where names[place].head == head & names[place].headMask && names[place].bytes.count == length {
      if length <= 8 || names[place].bytes.withUnsafeBufferPointer({ $0.baseAddress.map { memcmp($0, text + start, length) == 0 } ?? false }) {
        return place
      }
    }
    return nil
  }

  /// The last key of a text may be less than eight bytes before its end.
  private func word(_ start: Int, _ end: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in start..<max(start, end) { word |= UInt64(text[index]) << UInt64((index - start) * 8) }
    return word
  }

  private func unescaped(_ start: Int, _ end: Int, _ names: UnsafeBufferPointer<CELFieldName>) -> Int? {
    let quoted = UnsafeBufferPointer(start: text + start - 1, count: max(0, end - start + 2))
    guard case .string(let key)? = try? JSONValue(parsing: quoted) else { return nil }
    return names.firstIndex { CELText.equal($0.name, key) }
  }

  @inline(__always)
  private mutating func skipBlanks() {
    while position < count, text[position] <= 0x20 { position += 1 }
  }

  /// Steps behind a string; tells whether it has escapes.
  @inline(__always)
  private mutating func skipString() -> Bool {
    var escaped = false
    position += 1
    while position < count {
      if position + 8 <= count {
        let word = UnsafeRawPointer(text + position).loadUnaligned(as: UInt64.self).littleEndian
        let quote = word ^ 0x2222_2222_2222_2222
        let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
        // The lowest set bit is at the first byte that is one of the two.
        let found =
          (((quote &- 0x0101_0101_0101_0101) & ~quote) | ((backslash &- 0x0101_0101_0101_0101) & ~backslash)) & 0x8080_8080_8080_8080
        guard found != 0 else {
          position += 8
          continue
        }
        position += found.trailingZeroBitCount >> 3
      }
      let byte = text[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return escaped }
      if byte == UInt8(ascii: "\\") {
        escaped = true
        position += 1
      }
    }
    position = count
    return escaped
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
