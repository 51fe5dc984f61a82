import Core
import JSON
import Testing

@Suite("Text queries")
struct TextQueryTests {
  private func read(_ text: String) throws -> String {
    let query = try TextQuery(parsing: text)
    let show = { (phrase: TextQuery.Phrase) in "[\(phrase.text)\(phrase.isPrefix ? "…" : "")]" }
    return (query.wanted.map { $0.map(show).joined(separator: "|") } + query.excluded.map { "-" + show($0) }).joined(separator: " ")
  }

  @Test(
    "Signs mean something where a search box gives them a meaning, and are text elsewhere",
    arguments: [
      ("quick fox", "[quick] [fox]"), ("  quick\t\n fox ", "[quick] [fox]"), (#""quick fox""#, "[quick fox]"), (#""quick fox"#, "[quick fox]"),
      ("fo*", "[fo…]"), ("fo**", "[fo…]"),
      ("f*o", "[f*o]"), ("*fo", "[*fo]"), ("*", "[…]"), (#""a b"*"#, "[a b…]"), (#""a b" *"#, "[a b] […]"), ("-fox", "-[fox]"), (#"-"a b"*"#, "-[a b…]"),
      ("a-b", "[a-b]"),
      ("- fox", "[-] [fox]"), ("--fox", "-[-fox]"), ("a OR b", "[a]|[b]"), ("a OR b OR c d", "[a]|[b]|[c] [d]"), ("OR a", "[OR] [a]"), ("a OR", "[a] [OR]"),
      ("a OR -b", "[a] [OR] -[b]"),
      ("-a OR b", "[OR] [b] -[a]"), ("a or b", "[a] [or] [b]"), (#"a "OR" b"#, "[a] [OR] [b]"), ("a OR OR b", "[a]|[OR] [b]"),
      (#"a OR "b c"* -d e"#, "[a]|[b c…] [e] -[d]"),
      (#"a"b"c"#, "[a] [b] [c]"), (#""""#, "[]"), ("", ""), ("a\0b", "[a] [b]"), ("\"a\0b\"", "[a b]"), ("NEAR(a b)", "[NEAR(a] [b)]"),
      ("title:x ^y", "[title:x] [^y]"),
    ])
  func grammar(text: String, meaning: String) throws {
    #expect(try read(text) == meaning)
  }

  @Test("What is too much is refused")
  func bounds() {
    for text in [String(repeating: "x", count: 1001), String(repeating: "a ", count: 33), String(repeating: "-a ", count: 33)] {
      #expect(throws: RoostError.self) { try TextQuery(parsing: text) }
    }
    #expect(throws: Never.self) { try TextQuery(parsing: String(repeating: "a OR ", count: 31) + "b") }
  }

  @Test(
    "The text of a field is its string or those of its list",
    arguments: [
      (#"{"a":"x"}"#, "x"), (#"{"a":["x","y"]}"#, "x\ny"), (#"{"a":[["x"],[["y"]]]}"#, "x\ny"), (#"{"a":7}"#, ""), (#"{"a":null}"#, ""),
      (#"{"a":{"b":"x"}}"#, ""), (#"{"b":"x"}"#, ""),
      (#"{"a":["",1,true,null,{"a":"x"},"y"]}"#, "y"), (#"{"a":"x\u0000y"}"#, "x y"), (#"{"a":"\"é\ud83d\ude00"}"#, "\"é😀"), (#"{"\u0061":"x"}"#, "x"),
    ])
  func texts(body: String, text: String) {
    #expect(String(decoding: TextIndexDefinition.text(at: ["a"], of: Array(body.utf8)), as: UTF8.self) == text)
  }

  @Test("A path leads through objects and lists of objects")
  func paths() {
    let body = Array(#"{"o":{"x":"1","y":{"x":"2"}},"l":[{"x":"3"},{"x":["4","5"]},{"y":"6"},"7"]}"#.utf8)
    for (path, text) in [("o.x", "1"), ("o.y.x", "2"), ("l.x", "3\n4\n5"), ("o", ""), ("l", "7"), ("l.y.z", ""), ("o.x.z", "")] {
      let found = TextIndexDefinition.text(at: path.split(separator: ".").map(String.init), of: body)
      #expect(String(decoding: found, as: UTF8.self) == text, "\(path)")
    }
  }

  @Test("A snippet holds no markup but its own")
  func html() {
    let snippet = TextSnippet(
      parts: [.init("<i>&'\"", isMatch: false), .init("<mark>", isMatch: true), .init("</mark>", isMatch: false)], isCutBefore: true, isCutBehind: true)
    #expect(snippet.html == "…&lt;i&gt;&amp;&#39;&quot;<mark>&lt;mark&gt;</mark>&lt;/mark&gt;…")
  }
}
