/// Reads one schema's keywords; what they should not be becomes problems.
struct SchemaReader {
  let object: JSONObject
  let pointer: String
  private(set) var problems: [JSONSchemaFailure] = []

  init(object: JSONObject, pointer: String) {
    self.object = object
    self.pointer = pointer
  }

  mutating func problem(_ keyword: String, _ message: String) {
    problems.append(JSONSchemaFailure(pointer: pointer + "/" + keyword, message: message))
  }

  private mutating func expected(_ what: String, _ keyword: String, _ found: JSONValue) {
    problem(keyword, "expected \(what), found \(SchemaText.found(found))")
  }

  mutating func string(_ keyword: String) -> String? {
    guard let value = object[keyword] else { return nil }
    if case .string(let text) = value { return text }
    expected("a string", keyword, value)
    return nil
  }

  mutating func flag(_ keyword: String) -> Bool {
    guard let value = object[keyword] else { return false }
    if case .bool(let flag) = value { return flag }
    expected("true or false", keyword, value)
    return false
  }

  mutating func number(_ keyword: String) -> JSONValue? {
    guard let value = object[keyword] else { return nil }
    switch value {
    case .int, .double: return value
    default:
      expected("a number", keyword, value)
      return nil
    }
  }

  /// A whole number of at least 0; one past Int64 counts as the largest.
  mutating func count(_ keyword: String) -> Int? {
    guard let value = object[keyword] else { return nil }
    switch value {
    case .int(let count) where count >= 0: return Int(count)
    case .double(let count) where count >= 0 && count.rounded(.towardZero) == count: return Int(exactly: count) ?? Int.max
    default:
      expected("a whole number of at least 0", keyword, value)
      return nil
    }
  }

  /// An array of different strings.
  mutating func names(_ keyword: String) -> [String] {
    guard let value = object[keyword] else { return [] }
    return names(value, keyword)
  }

  private mutating func names(_ value: JSONValue, _ keyword: String) -> [String] {
    guard case .array(let elements) = value else {
      expected("an array of strings", keyword, value)
      return []
    }
    var seen: Set<JSONValue> = []
    var names: [String] = []
    for (index, element) in elements.enumerated() {
      guard case .string(let name) = element else {
        expected("a string", "\(keyword)/\(index)", element)
        continue
      }
      if seen.insert(element).inserted {
        names.append(name)
      } else {
        problem("\(keyword)/\(index)", "expected each name once, found \(SchemaText.quoted(name)) again")
      }
    }
    return names
  }

  mutating func namesByName(_ keyword: String) -> [(String, [String])] {
    guard let value = object[keyword] else { return [] }
    guard case .object(let lists) = value else {
      expected("an object of arrays of strings", keyword, value)
      return []
    }
    return lists.members.map { ($0.key, names($0.value, keyword + "/" + JSONPointer.escaped($0.key))) }
  }

  mutating func types() -> SchemaTypes {
    guard let value = object["type"] else { return .all }
    let elements = value.arrayValue ?? [value]
    if elements.isEmpty { expected("the name of a type, or an array of at least one", "type", value) }
    var types: SchemaTypes = []
    for (index, element) in elements.enumerated() {
      let keyword = value.arrayValue == nil ? "type" : "type/\(index)"
      guard let name = element.stringValue, let type = SchemaTypes.names.first(where: { $0.0 == name })?.1 else {
        expected(SchemaText.list(SchemaTypes.names.map { "\"\($0.0)\"" }, "or"), keyword, element)
        continue
      }
      types.insert(type)
    }
    return types.isEmpty ? .all : types
  }

  /// Of `const` and `enum`.
  mutating func values() -> SchemaValues? {
    var choices: [SchemaValues.Choice] = []
    if let constant = object["const"] { choices.append(choice([constant])) }
    if let value = object["enum"] {
      if case .array(let elements) = value {
        choices.append(choice(elements))
      } else {
        expected("an array", "enum", value)
      }
    }
    return choices.isEmpty ? nil : SchemaValues(choices)
  }

  private func choice(_ values: [JSONValue]) -> SchemaValues.Choice {
    SchemaValues.Choice(values: Set(values.map(SchemaEquality.init)), text: SchemaText.list(values.map(SchemaText.short), "or"))
  }
}
