import Testing

@testable import JSON

@Suite struct JSONErrorTests {
  static let cases: [(text: String, offset: Int, line: Int, column: Int, message: String)] = [
    ("", 0, 1, 1, "expected a value, found the end of the text"),
    ("[1,\n 2,]", 7, 2, 4, "expected a value, found ']'"),
    ("{\"é\":\n\n  nul}", 10, 3, 3, "expected a value, found 'nul'"),
    ("\u{FEFF}{}", 0, 1, 1, "expected a value, found a byte order mark, which is not allowed"),
    ("{\"a\":1,}", 7, 1, 8, "expected a key in double quotes after ',', found '}'"),
    ("{a:1}", 1, 1, 2, "expected a key in double quotes or '}', found 'a'"),
    (#"{"a" 1}"#, 5, 1, 6, "expected ':' after the key, found '1'"),
    (#"{"a":1 "b":2}"#, 7, 1, 8, #"expected ',' or '}' after the member, found the string "b""#),
    ("[1 2]", 3, 1, 4, "expected ',' or ']' after the element, found '2'"),
    ("[1", 2, 1, 3, "expected ',' or ']' after the element, found the end of the text"),
    ("{} x", 3, 1, 4, "expected the end of the text after the value, found 'x'"),
    ("-", 1, 1, 2, "expected a digit in the number, found the end of the text"),
    ("[1.x]", 3, 1, 4, "expected a digit in the number, found 'x'"),
    ("[012]", 2, 1, 3, "expected no digit after the leading 0 of a number, found '12'"),
    ("[1e400]", 1, 1, 2, "expected a number within a double's range (about 1.8e308), found a larger one"),
    (#"["abc"#, 5, 1, 6, "expected '\"' to end the string, found the end of the text"),
    ("[\"a\tb\"]", 3, 1, 4, "expected control characters in a string to be escaped, found the control character 0x09"),
    (#"["\x"]"#, 3, 1, 4, #"expected one of " \ / b f n r t u after the backslash, found 'x'"#),
    (#"["\u12g4"]"#, 4, 1, 5, "expected four hexadecimal digits after \\u, found '12g4'"),
    (#"["a\ud800"]"#, 3, 1, 4, "expected a surrogate pair, found half of one in a \\u escape"),
    (#"{"a":1,"\u0061":2}"#, 7, 1, 8, #"expected each key of an object once, found the string "\u0061" again"#),
    ("[undefined]", 1, 1, 2, "expected a value, found 'undefined'"),
    ("[\u{2028}]", 1, 1, 2, "expected a value, found '\u{2028}'"),
  ]

  @Test("an error says where it is, what was expected and what was found", arguments: cases)
  func messages(expected: (text: String, offset: Int, line: Int, column: Int, message: String)) {
    let error = error(in: Array(expected.text.utf8))
    #expect(error == JSONError(offset: expected.offset, line: expected.line, column: expected.column, message: expected.message))
  }

  @Test("broken bytes are named by their value")
  func brokenBytes() {
    #expect(error(in: [0x22, 0xC3, 0x28, 0x22])?.message == "expected valid UTF-8 in the string, found the byte 0xC3")
    #expect(error(in: [0x5B, 0xFF])?.message == "expected a value, found the byte 0xFF")
  }

  @Test("a text of another kind is no object")
  func noObject() {
    let error = #expect(throws: JSONError.self) { try JSONText.validateObject(Array(" [1]".utf8)) }
    #expect(error?.description == "line 1, column 2: expected an object, found '['")
  }

  @Test("nesting names its limit, and a message stays short")
  func limits() {
    let deep = error(in: [UInt8](repeating: UInt8(ascii: "["), count: 65))
    #expect(deep?.offset == 64 && deep?.message == "expected at most 64 nested arrays and objects, found one more")
    let key = String(repeating: "k", count: 100_000)
    #expect((error(in: Array(#"{"\#(key)":1,"\#(key)":2}"#.utf8))?.message.utf8.count ?? .max) < 200)
    #expect((error(in: Array(key.utf8))?.message.utf8.count ?? .max) < 200)
  }

  private func error(in bytes: [UInt8]) -> JSONError? {
    do throws(JSONError) {
      try JSONText.validate(bytes)
      return nil
    } catch { return error }
  }
}
