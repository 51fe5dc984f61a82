import JSON

/// JSON for reading: a member or element a line.
enum IndentedJSON {
  static func text(of value: JSONValue) -> String {
    var text = ""
    append(value, depth: 0, to: &text)
    // The writer escapes C0; what is left of control characters could still move a terminal's cursor.
    return Terminal.isOutputTerminal ? Printable.lines(text) : text
  }

  private static func append(_ value: JSONValue, depth: Int, to text: inout String) {
    switch value {
    case .object(let object) where !object.isEmpty:
      text += "{"
      for (position, member) in object.enumerated() {
        text += (position == 0 ? "\n" : ",\n") + indent(depth + 1) + JSONValue.string(member.key).text + ": "
        append(member.value, depth: depth + 1, to: &text)
      }
      text += "\n" + indent(depth) + "}"
    case .array(let elements) where !elements.isEmpty:
      text += "["
      for (position, element) in elements.enumerated() {
        text += (position == 0 ? "\n" : ",\n") + indent(depth + 1)
        append(element, depth: depth + 1, to: &text)
      }
      text += "\n" + indent(depth) + "]"
    default: text += value.text
    }
  }

  private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }
}
