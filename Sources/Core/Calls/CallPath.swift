/// The path of an http trigger, below `/v1/call/{function}`: `/webhook/{provider}`, `/files/{path...}`. Names in braces become `params`;
/// with three dots (as in Go's ServeMux) the last one takes the rest, which may be empty.
package struct CallPath: Sendable {
  private enum Segment: Sendable {
    case literal(String)
    case parameter(String)
  }

  private let segments: [Segment]
  private let rest: String?

  /// Throws `validation_failed`.
  init(_ text: String, pointer: String) throws {
    func refused(_ expected: String) -> RoostError {
      RoostError(.validationFailed, "The path of an http trigger is not understood.", fields: [FieldError(pointer, expected)])
    }
    guard text.hasPrefix("/"), text.utf8.count <= Limits.callPathBytesMax else {
      throw refused("expected a path like \"/webhook/{name}\", of at most \(Limits.callPathBytesMax) bytes")
    }
    var segments: [Segment] = []
    var rest: String?
    var names: Set<String> = []
    for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      // One slash at the end makes no difference.
      if part.isEmpty, text.utf8.count == 1 || part.endIndex == text.endIndex { continue }
      guard rest == nil else { throw refused("expected {\(rest ?? "")...} to be last") }
      guard part.hasPrefix("{"), part.hasSuffix("}") else {
        guard !part.isEmpty, part != ".", part != "..", !part.contains(where: { "{}?#%".contains($0) || $0.isWhitespace }) else {
          throw refused("expected segments of letters, or a name in braces: not '\(part.prefix(40))'")
        }
        segments.append(.literal(String(part)))
        continue
      }
      var name = String(part.dropFirst().dropLast())
      let isRest = name.hasSuffix("...")
      if isRest { name = String(name.dropLast(3)) }
      guard Self.isName(name), names.insert(name).inserted else { throw refused("expected a name of its own in braces, not '\(name.prefix(40))'") }
      if isRest { rest = name } else { segments.append(.parameter(name)) }
    }
    self.segments = segments
    self.rest = rest
  }

  /// A path of this form, where each name is its own value.
  package var sample: [String] {
    segments.map { segment in
      switch segment {
      case .literal(let text), .parameter(let text): text
      }
    } + (rest.map { [$0] } ?? [])
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return text.utf8.allSatisfy { byte in
      byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
  }

  /// The values of its names, or nil if that is another path.
  /// - Parameter called: the decoded segments behind the function's name, without an empty one at the end.
  package func match(_ called: [String]) -> [(name: String, value: String)]? {
    guard called.count == segments.count || rest != nil && called.count > segments.count else { return nil }
    var params: [(name: String, value: String)] = []
    for (segment, value) in zip(segments, called) {
      switch segment {
      case .literal(let literal): if literal != value { return nil }
      case .parameter(let name):
        if value.isEmpty { return nil }
        params.append((name, value))
      }
    }
    if let rest { params.append((rest, called[segments.count...].joined(separator: "/"))) }
    return params
  }
}
