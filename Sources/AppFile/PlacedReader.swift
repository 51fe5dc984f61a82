import JSON

/// Reads an object of a file member by member and remembers which were asked for, so that a misspelt one is named with its line.
struct PlacedReader {
  /// What is read, as messages name it: `test 'a stranger sees nothing'`.
  let owner: String
  let line: Int
  private let members: [PlacedValue.Member]
  private var known: [String] = []

  init(_ value: PlacedValue, _ owner: String) throws(AppFileError) {
    guard let members = value.members else {
      throw AppFileError(line: value.line, "\(owner): expected an object, found \(value.kind)")
    }
    self.owner = owner
    self.members = members
    line = value.line
  }

  /// Nil if it is not there or null.
  mutating func value(_ name: String) -> PlacedValue? {
    guard let value = any(name), !value.isNull else { return nil }
    return value
  }

  /// Nil if it is not there.
  mutating func any(_ name: String) -> PlacedValue? {
    known.append(name)
    return members.first { $0.key == name }?.value
  }

  mutating func string(_ name: String) throws(AppFileError) -> String? {
    guard let value = value(name) else { return nil }
    guard case .scalar(.string(let text)) = value.content else { throw wrong(name, value, expected: "text (in quotes, if it looks like a number)") }
    return text
  }

  /// One of some words.
  mutating func word<Word: RawRepresentable & CaseIterable>(_ name: String, _: Word.Type) throws(AppFileError) -> Word where Word.RawValue == String {
    let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
    guard let value = value(name) else { throw missing(name, "one of \(words)") }
    guard case .scalar(.string(let text)) = value.content, let word = Word(rawValue: text) else { throw wrong(name, value, expected: "one of \(words)") }
    return word
  }

  mutating func object(_ name: String) throws(AppFileError) -> JSONObject? {
    guard let value = value(name) else { return nil }
    guard let object = value.json.objectValue else { throw wrong(name, value, expected: "an object") }
    return object
  }

  mutating func strings(_ name: String) throws(AppFileError) -> [String]? {
    guard let value = value(name) else { return nil }
    guard let elements = value.elements else { throw wrong(name, value, expected: "a list of texts") }
    var strings: [String] = []
    for element in elements {
      guard case .scalar(.string(let text)) = element.content else { throw wrong(name, element, expected: "a list of texts") }
      strings.append(text)
    }
    return strings
  }

  /// Call last.
  func refuseUnknown() throws(AppFileError) {
    for member in members where !known.contains(member.key) {
      throw AppFileError(line: member.line, "\(owner) has '\(member.key)', which means nothing; expected one of \(known.joined(separator: ", "))")
    }
  }

  func missing(_ name: String, _ expected: String) -> AppFileError { AppFileError(line: line, "\(owner) lacks '\(name)': expected \(expected)") }

  func wrong(_ name: String, _ value: PlacedValue, expected: String) -> AppFileError {
    let found = if case .scalar(.string(let text)) = value.content { "'\(text.prefix(60))'" } else { value.kind }
    return AppFileError(line: value.line, "\(owner): '\(name)' is \(found); expected \(expected)")
  }
}
