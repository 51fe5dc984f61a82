import Glibc
import JSON

/// Keys as SQLite can find them. SQLite compares a path's name with the key's text as it lies, so `{"a\u0062":1}` has no `$.ab` for it.
/// Bodies are therefore stored with each key in its shortest form; values keep their text.
enum DocumentKeys {
  /// - Parameter body: a valid, compact JSON object.
  static func shortest(_ body: [UInt8]) -> [UInt8] {
    body.withUnsafeBufferPointer { text in
      guard let base = text.baseAddress, memchr(base, Int32(UInt8(ascii: "\\")), text.count) != nil else { return body }
      return rewritten(text) ?? body
    }
  }

  /// Nil if no key holds an escape.
  private static func rewritten(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var out: [UInt8] = []
    var copied = 0
    var position = 0
    while position < text.count {
      guard text[position] == UInt8(ascii: "\"") else {
        position += 1
        continue
      }
      let start = position
      var hasEscape = false
      position += 1
      while position < text.count, text[position] != UInt8(ascii: "\"") {
        if text[position] == UInt8(ascii: "\\") {
          hasEscape = true
          position += 1
        }
        position += 1
      }
      position += 1
      // In compact text a string is a key exactly if a colon follows.
      guard hasEscape, position < text.count, text[position] == UInt8(ascii: ":"),
        let key = try? JSONValue(parsing: UnsafeBufferPointer(rebasing: text[start..<position])).stringValue
      else { continue }
      out.append(contentsOf: text[copied..<start])
      JSONValue.string(key).write(into: &out)
      copied = position
    }
    guard copied > 0 else { return nil }
    out.append(contentsOf: text[copied...])
    return out
  }
}
