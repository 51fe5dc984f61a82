import Testing

@testable import JSON

@Suite struct JSONSyntaxTests {
  @Test(
    "a text is accepted or refused as the RFC and our decisions have it",
    arguments: SyntaxCase.structures + SyntaxCase.strings + SyntaxCase.numbers)
  func outcome(of syntaxCase: SyntaxCase) {
    #expect(Agreement.outcome(of: syntaxCase.bytes) == syntaxCase.outcome)
  }

  @Test("there are at least 200 cases, each of its own name")
  func caseCount() {
    let cases = SyntaxCase.structures + SyntaxCase.strings + SyntaxCase.numbers
    #expect(cases.count >= 200)
    #expect(Set(cases.map(\.name)).count == cases.count)
  }

  @Test(
    "a text of one object passes as an object, another value does not",
    arguments: [
      ("{}", true), (" {\"a\":[1]} ", true), ("[]", false), ("null", false), ("\"{}\"", false), ("", false), ("{", false),
    ])
  func objects(text: String, isAccepted: Bool) {
    #expect(((try? JSONText.validateObject(Array(text.utf8))) != nil) == isAccepted)
    #expect(((try? JSONText.compactObject(validating: Array(text.utf8))) != nil) == isAccepted)
  }

  @Test("the caller may allow other depths, up to 512")
  func depths() throws {
    func nested(_ depth: Int) -> [UInt8] { Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8) }
    try JSONText.validate(nested(2), depthMax: 2)
    #expect(throws: JSONError.self) { try JSONText.validate(nested(3), depthMax: 2) }
    #expect(throws: JSONError.self) { try JSONText.validate(nested(1), depthMax: 0) }
    try JSONText.validate(nested(512), depthMax: .max)
    #expect(throws: JSONError.self) { try JSONText.validate(nested(513), depthMax: .max) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: nested(513), depthMax: .max) }
  }
}
