/// What messages say about values.
enum SchemaText {
  /// For example `the string "abc"`; short whatever the value is.
  static func found(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .int, .double: "the number \(short(value))"
    case .string: "the string \(short(value))"
    case .array(let elements): "an array of \(count(elements.count, "element"))"
    case .object(let object): "an object of \(count(object.count, "member"))"
    }
  }

  static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String { "\(number) \(number == 1 ? noun : plural ?? noun + "s")" }

  /// In quotes, cut after `quotedMax` code points.
  static func quoted(_ text: String) -> String {
    let start = text.unicodeScalars.prefix(SchemaLimits.quotedMax)
    let isCut = start.endIndex < text.unicodeScalars.endIndex
    return written(.string(String(start) + (isCut ? "…" : "")))
  }

  /// As JSON; a container only by its brackets.
  static func short(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): quoted(text)
    case .array(let elements): elements.isEmpty ? "[]" : "[…]"
    case .object(let object): object.isEmpty ? "{}" : "{…}"
    default: written(value)
    }
  }

  /// The first of some texts, and how many follow.
  static func list(_ texts: [String], _ conjunction: String) -> String {
    let most = 8
    if texts.count > most { return texts.prefix(most).joined(separator: ", ") + " \(conjunction) \(texts.count - most) more" }
    guard let last = texts.last, texts.count > 1 else { return texts.first ?? "nothing" }
    return texts.dropLast().joined(separator: ", ") + " \(conjunction) " + last
  }

  static func types(_ types: SchemaTypes) -> String {
    if types.isEmpty { return "no value" }
    var names: [String] = []
    if types.contains(.object) { names.append("an object") }
    if types.contains(.array) { names.append("an array") }
    if types.contains(.string) { names.append("a string") }
    if types.contains(.number) { names.append("a number") } else if types.contains(.integer) { names.append("an integer") }
    if types.contains(.boolean) { names.append("true or false") }
    if types.contains(.null) { names.append("null") }
    return list(names, "or")
  }

  private static func written(_ value: JSONValue) -> String { String(decoding: value.bytes(), as: UTF8.self) }
}
