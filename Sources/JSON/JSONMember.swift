/// One member of an object's text: where its parts stand.
package struct JSONMember: Sendable {
  package let key: JSONKey
  /// The raw text of the value, without white space around it.
  package let valueRange: Range<Int>

  /// The whole member, from the key's quote to the value's end.
  package var range: Range<Int> { key.range.lowerBound - 1..<valueRange.upperBound }
}

/// The key of a member of an object's text: where it stands.
package struct JSONKey: Sendable {
  /// The raw text, without the quotes.
  package let range: Range<Int>
  /// Whether the raw text holds escapes, so that it is not the key's value.
  package let isEscaped: Bool

  /// The key, unescaped.
  package func string(in text: UnsafeBufferPointer<UInt8>) -> String {
    let raw = UnsafeBufferPointer(rebasing: text[range])
    return isEscaped ? JSONEscapes.string(raw) : String(decoding: raw, as: UTF8.self)
  }

  /// Whether the key, unescaped, has these bytes.
  package func equals(_ name: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard range.count >= name.count else { return false }
    return withBytes(in: text) { $0.count == name.count && $0.elementsEqual(name) }
  }

  /// The key's bytes, unescaped; they are valid during the call.
  package func withBytes<R>(in text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    let raw = UnsafeBufferPointer(rebasing: text[range])
    guard isEscaped else { return body(raw) }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: raw.count) { buffer in
      guard let out = buffer.baseAddress else { return body(raw) }
      return body(UnsafeBufferPointer(start: out, count: JSONEscapes.unescape(raw, into: out)))
    }
  }
}

extension JSONSkimmer {
  /// Whether a key follows, behind the comma if there is one; if not, steps behind the brace.
  @inline(__always)
  mutating func hasKey() -> Bool {
    if peek() == UInt8(ascii: ",") { position += 1 }
    if peek() == UInt8(ascii: "\"") { return true }
    position = min(position + 1, text.count)
    return false
  }

  /// Whether an element follows, behind the comma if there is one; if not, steps behind the bracket.
  @inline(__always)
  mutating func hasElement() -> Bool {
    if peek() == UInt8(ascii: ",") { position += 1 }
    switch peek() {
    case UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ","), 0:
      position = min(position + 1, text.count)
      return false
    default: return true
    }
  }

  /// Reads the key that starts here, which `hasKey` found, and steps to its value.
  @inline(__always)
  mutating func key() -> JSONKey {
    let start = position + 1
    let isEscaped = skipString()
    let key = JSONKey(range: start..<max(start, position - 1), isEscaped: isEscaped)
    _ = enter(UInt8(ascii: ":"))
    return key
  }

  /// Reads the next member of the object that was entered; nil at its end.
  @inline(__always)
  mutating func nextMember() -> JSONMember? {
    guard hasKey() else { return nil }
    let key = key()
    let start = position
    skipValue()
    return JSONMember(key: key, valueRange: start..<position)
  }
}

extension [UInt8] {
  /// Appends the key in its exact text, with quotes and colon.
  mutating func append(_ key: JSONKey, of text: UnsafeBufferPointer<UInt8>, afterComma: Bool) {
    append(quoted: UnsafeBufferPointer(rebasing: text[key.range]), afterComma: afterComma, beforeColon: true)
  }
}
