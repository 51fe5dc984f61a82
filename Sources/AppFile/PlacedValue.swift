import JSON

/// A value of a file, and where it stands.
package struct PlacedValue: Sendable {
  package enum Content: Sendable {
    case scalar(JSONValue)
    case list([PlacedValue])
    case map([Member])
  }

  package struct Member: Sendable {
    package let key: String
    /// The key's line, from 1.
    package let line: Int
    package let value: PlacedValue
  }

  /// From 1.
  package let line: Int
  package let content: Content

  package init(line: Int, _ content: Content) {
    self.line = line
    self.content = content
  }

  package var json: JSONValue {
    switch content {
    case .scalar(let value): value
    case .list(let elements): .array(elements.map(\.json))
    case .map(let members): .object(JSONObject(members.map { ($0.key, $0.value.json) }))
    }
  }

  package var members: [Member]? { if case .map(let members) = content { members } else { nil } }
  package var elements: [PlacedValue]? { if case .list(let elements) = content { elements } else { nil } }
  package var isNull: Bool { if case .scalar(.null) = content { true } else { false } }

  /// The line of the part that a JSON pointer (RFC 6901) names; of the nearest part around it, where there is none.
  package func line(at pointer: String) -> Int {
    var (here, line) = (self, self.line)
    for segment in pointer.split(separator: "/") {
      let name = segment.replacing("~1", with: "/").replacing("~0", with: "~")
      if let member = here.members?.first(where: { $0.key == name }) {
        (here, line) = (member.value, member.line)
      } else if let elements = here.elements, let index = Int(name), elements.indices.contains(index) {
        (here, line) = (elements[index], elements[index].line)
      } else {
        return line
      }
    }
    return line
  }

  /// What it is, as a message can say it.
  package var kind: String {
    switch content {
    case .scalar(.null): "null"
    case .scalar(.bool): "true or false"
    case .scalar(.string): "text"
    case .scalar: "a number"
    case .list: "a list"
    case .map: "an object"
    }
  }
}
