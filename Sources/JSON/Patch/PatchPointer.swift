/// A place that an operation names: a JSON Pointer (RFC 6901), read.
struct PatchPointer: Sendable, Equatable {
  let text: String
  let segments: [String]

  /// Nil for what is no pointer.
  init?(_ text: String) {
    guard let segments = JSONPointer.tokens(text) else { return nil }
    self.text = text
    self.segments = segments
  }
}
