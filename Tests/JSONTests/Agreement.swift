import Testing

@testable import JSON

/// Validation and parsing must agree about every text.
enum Agreement {
  /// Validates and parses `bytes`, and expects the same result, and the same error, of both.
  static func outcome(of bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) -> SyntaxCase.Outcome {
    // In memory of just its length, so that the address sanitizer sees each read beyond the end.
    let exact = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
    defer { exact.deallocate() }
    _ = exact.initialize(from: bytes)
    let validated = Result { () throws(JSONError) in try JSONText.validate(UnsafeBufferPointer(exact)) }
    forEachMemberOfAny(UnsafeBufferPointer(exact))
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

  /// Looking into a text that may not be valid stays within it.
  private static func forEachMemberOfAny(_ text: UnsafeBufferPointer<UInt8>) {
    JSONText.forEachMember(of: text) { member in
      #expect(member.range.upperBound <= text.count && member.key.range.upperBound <= text.count)
      _ = member.key.string(in: text)
    }
    _ = JSONText.value(at: ["a", "b"], in: text)
    _ = JSONText.compact(text)
    var out: [UInt8] = []
    JSONProjection(["a.b", "id", "name.c"]).apply(to: text, appendingTo: &out)
    #expect(JSONText.inside(text).upperBound <= text.count)
  }

  /// What was parsed is written so that it reads back as the same value.
  static func expectRoundTrip(_ value: JSONValue, sourceLocation: SourceLocation = #_sourceLocation) {
    let text = value.bytes()
    let again = Result { () throws(JSONError) in try JSONValue(parsing: text) }
    #expect(again == .success(value), "\(value.text)", sourceLocation: sourceLocation)
    #expect((try? again.get().bytes()) == text, sourceLocation: sourceLocation)
  }
}
