/// A step of a YAML text as libyaml reports it.
struct YAMLEvent {
  enum Kind {
    /// `isPlain`: without quotes and without a tag, so that it may be a number.
    case scalar(String, isPlain: Bool)
    case alias(String)
    case listStart, listEnd, mapStart, mapEnd
    case documentStart, documentEnd, streamStart, streamEnd
  }

  let kind: Kind
  let anchor: String?
  let tag: String?
  /// From 1.
  let line: Int
}
