/// A field as MongoDB names it: `address.city`, `tags.0`.
struct UpdatePath: Sendable {
  let text: String
  let segments: [String]

  /// - Parameter pointer: where the path stands in the update.
  init(_ text: String, at pointer: String, readOnly: [String]) throws(JSONPatchError) {
    let segments = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { String(Substring($0)) }
    self.text = text
    self.segments = segments
    let shown = JSONPatchLimits.shown(text)
    guard segments.allSatisfy({ !$0.isEmpty }) else {
      throw JSONPatchError(.malformed, pointer, "'\(shown)' is not a field: expected a name like `title`, `address.city` or `tags.0`.")
    }
    guard !segments.contains(where: { $0.utf8.first == UInt8(ascii: "$") }) else {
      throw JSONPatchError(.malformed, pointer, "'\(shown)' has a name that begins with `$`; positions such as `$` and `$[]` are not taken here.")
    }
    guard segments.count <= JSONPatchLimits.pathSegmentsMax else {
      throw JSONPatchError(.malformed, pointer, "'\(shown)' has \(segments.count) levels; the most is \(JSONPatchLimits.pathSegmentsMax).")
    }
    guard !readOnly.contains(where: { $0.hasSameBytes(as: segments[0]) }) else {
      throw JSONPatchError(.malformed, pointer, "`\(segments[0])` is kept by the server and cannot be changed.")
    }
  }

  /// Whether this is the other path, or leads to what holds it.
  func holds(_ other: UpdatePath) -> Bool {
    segments.count <= other.segments.count && zip(segments, other.segments).allSatisfy { $0.hasSameBytes(as: $1) }
  }

  /// Level by level, so that a path stands directly before those that it holds.
  static func precedes(_ a: UpdatePath, _ b: UpdatePath) -> Bool {
    for (a, b) in zip(a.segments, b.segments) where !a.hasSameBytes(as: b) {
      return a.utf8.lexicographicallyPrecedes(b.utf8)
    }
    return a.segments.count < b.segments.count
  }
}
