import Core
import HTTPServer

/// Conditional requests (RFC 9110, section 13).
enum EntityTags {
  /// A list of tags, or `*`.
  enum Condition: Equatable {
    case any
    /// Without quotes; `isWeak` for `W/"…"`.
    case tags([(tag: String, isWeak: Bool)])

    static func == (left: Condition, right: Condition) -> Bool {
      switch (left, right) {
      case (.any, .any): true
      case (.tags(let left), .tags(let right)): left.elementsEqual(right) { $0 == $1 }
      default: false
      }
    }
  }

  /// Throws `bad_request`.
  static func parse(_ headers: HTTPHeaders, _ name: String) throws -> Condition? {
    guard headers.contains(name) else { return nil }
    let text = headers.all(name).joined(separator: ",")
    if text.trimmed == "*" { return .any }
    return .tags(
      try text.split(separator: ",").map { part in
        var tag = String(part).trimmed
        let isWeak = tag.hasPrefix("W/")
        if isWeak { tag.removeFirst(2) }
        guard tag.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\"") else {
          throw RoostError(.badRequest, "\(name) is not understood: expected `*` or entity tags in double quotes, like \"3\".")
        }
        return (String(tag.dropFirst().dropLast()), isWeak)
      })
  }

  /// The condition of a write. Weak tags never match `If-Match` (strong comparison).
  static func versionCondition(_ headers: HTTPHeaders) throws -> VersionCondition {
    let ifMatch = try parse(headers, "If-Match")
    let ifNoneMatch = try parse(headers, "If-None-Match")
    guard ifMatch == nil || ifNoneMatch == nil else { throw RoostError(.badRequest, "Send If-Match or If-None-Match, not both.") }
    return switch (ifMatch, ifNoneMatch) {
    case (.any?, _): .exists
    case (.tags(let tags)?, _): .oneOf(tags.compactMap { $0.isWeak ? nil : Int64($0.tag) })
    case (_, .any?): .isMissing
    case (_, .tags(let tags)?): .noneOf(tags.compactMap { Int64($0.tag) })
    case (nil, nil): .none
    }
  }

  /// Whether a reader already has this: `tag` without quotes.
  static func isNotModified(_ headers: HTTPHeaders, tag: String) throws -> Bool {
    switch try parse(headers, "If-None-Match") {
    case nil: false
    case .any: true
    case .tags(let tags): tags.contains { $0.tag == tag }
    }
  }
}

extension String {
  /// Without spaces and tabs around it.
  var trimmed: String {
    var text = self[...]
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text)
  }
}
