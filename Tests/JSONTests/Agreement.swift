import Testing

@testable import JSON

/// Validation and parsing must agree about every text.
enum Agreement {
  /// Validates and parses `bytes`, and expects the same result, and the same error, of both.
  static func outcome(of bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) -> SyntaxCase.Outcome {
    let validated = Result { () throws(JSONError) in try JSONText.validate(bytes) }
    let parsed = Result { () throws(JSONError) in try JSONValue(parsing: bytes) }
    switch (validated, parsed) {
    case (.success, .success(let value)):
      expectRoundTrip(value, sourceLocation: sourceLocation)
      return .accepted
    case (.failure(let a), .failure(let b)):
      #expect(a == b, sourceLocation: sourceLocation)
      #expect((0...bytes.count).contains(a.offset) && a.line >= 1 && a.column >= 1, sourceLocation: sourceLocation)
      return .refused
    case (.success, .failure(let error)), (.failure(let error), .success):
      Issue.record("validation and parsing disagree on \(bytes): \(error)", sourceLocation: sourceLocation)
      return .refused
    }
  }

  /// What was parsed is written so that it reads back as the same value.
  static func expectRoundTrip(_ value: JSONValue, sourceLocation: SourceLocation = #_sourceLocation) {
    let text = value.bytes()
    let again = Result { () throws(JSONError) in try JSONValue(parsing: text) }
    #expect(again == .success(value), "\(value.text)", sourceLocation: sourceLocation)
    #expect((try? again.get().bytes()) == text, sourceLocation: sourceLocation)
  }
}
