import JSON

/// A collection's full-text index: which fields are searched, how their text becomes words, and how much a match in each counts.
/// A collection has one at most, as in MongoDB.
package struct TextIndexDefinition: Sendable, Equatable {
  /// How text becomes what is compared.
  package enum Tokenizer: String, Sendable, CaseIterable {
    /// Words, without case and diacritics.
    case unicode61
    /// The same by their English stems: "running" finds "runs".
    case porter
    /// Every three characters in a row: finds parts of words, and text that has no spaces between its words.
    case trigram
  }

  package let fields: [[String]]
  /// For each field.
  package let weights: [Double]
  package let tokenizer: Tokenizer

  /// Whether an index of the other definition holds the same: weights count only when it is asked.
  package func holdsTheSame(as other: TextIndexDefinition) -> Bool { fields == other.fields && tokenizer == other.tokenizer }

  /// As configurations write it.
  package var value: JSONValue {
    let weights = zip(fields, weights).filter { $0.1 != 1 }.map { field, weight in
      (field.joined(separator: "."), Int64(exactly: weight).map(JSONValue.int) ?? .double(weight))
    }
    return [
      "fields": .array(fields.map { .string($0.joined(separator: ".")) }), "type": "text", "weights": .object(JSONObject(weights)),
      "tokenizer": .string(tokenizer.rawValue),
    ]
  }
}

extension TextIndexDefinition {
  /// Whether an entry of `indexes` is one of these.
  package static func isMeant(by entry: JSONValue) -> Bool { entry["type"] == "text" }

  /// The one among the entries of `indexes`. Throws `validation_failed` with a pointer.
  package static func only(among entries: [JSONValue]) throws -> TextIndexDefinition? {
    let meant = entries.indices.filter { isMeant(by: entries[$0]) }
    guard let first = meant.first else { return nil }
    guard meant.count == 1 else {
      throw RoostError(
        .validationFailed, "A collection has one text index at most; it may hold several fields.",
        fields: [FieldError("/indexes/\(meant[1])", "expected no second one")])
    }
    return try TextIndexDefinition(entries[first], pointer: "/indexes/\(first)")
  }

  /// Reads `{"fields": ["title", "body"], "type": "text", "weights": {"title": 10}, "tokenizer": "porter"}`. Throws `validation_failed`.
  package init(_ value: JSONValue, pointer: String) throws {
    // `unique` is what every index says in an answer; `state` and `progress` are ours.
    let known = ["fields", "type", "weights", "tokenizer", "unique", "state", "progress"]
    for (name, _) in value.objectValue ?? [:] where !known.contains(name) {
      throw Self.wrong("A text index has no '\(name.prefix(64))'.", "\(pointer)/\(name.pointerSegment)", "expected one of fields, type, weights, tokenizer")
    }
    if let unique = value["unique"], unique != .bool(false), !unique.isNull {
      throw Self.wrong("A text index is not unique.", pointer + "/unique", "expected false")
    }
    fields = try Self.fields(value["fields"], pointer + "/fields")
    weights = try Self.weights(value["weights"], of: fields, pointer + "/weights")
    switch value["tokenizer"] {
    case nil, .null: tokenizer = .unicode61
    case let name?:
      guard let known = name.stringValue.flatMap(Tokenizer.init(rawValue:)) else {
        throw Self.wrong(
          "A text index's tokenizer is not known.", pointer + "/tokenizer", "expected one of \(Tokenizer.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      tokenizer = known
    }
  }

  private static func fields(_ value: JSONValue?, _ pointer: String) throws -> [[String]] {
    guard let names = value?.arrayValue, !names.isEmpty, names.count <= Limits.textIndexFieldsMax else {
      throw wrong("A text index names its fields.", pointer, "expected 1 to \(Limits.textIndexFieldsMax) field names")
    }
    var fields: [[String]] = []
    for (place, name) in names.enumerated() {
      guard let key = name.stringValue.flatMap({ try? SortKey(parsing: $0) }), !key.isDescending, !DocumentRecord.reservedFields.contains(key.path[0]) else {
        throw wrong("A text index's field is a name.", "\(pointer)/\(place)", "expected a field of the documents' own, like \"title\" or \"author.name\"")
      }
      guard !fields.contains(key.path) else { throw wrong("A text index names a field twice.", "\(pointer)/\(place)", "expected each field once") }
      fields.append(key.path)
    }
    return fields
  }

  private static func weights(_ value: JSONValue?, of fields: [[String]], _ pointer: String) throws -> [Double] {
    guard let value, !value.isNull else { return fields.map { _ in 1 } }
    guard let object = value.objectValue else { throw wrong("A text index's weights are an object.", pointer, #"expected an object like {"title": 10}"#) }
    let names = fields.map { $0.joined(separator: ".") }
    for (name, weight) in object {
      let place = "\(pointer)/\(name.pointerSegment)"
      guard names.contains(name) else { throw wrong("A weight is for one of the index's fields.", place, "expected one of \(names.joined(separator: ", "))") }
      guard let number = weight.doubleValue, number >= 0.01, number <= 1000 else {
        throw wrong("A text index's weight is a number.", place, "expected a number from 0.01 to 1000")
      }
    }
    return names.map { object[$0]?.doubleValue ?? 1 }
  }

  private static func wrong(_ message: String, _ pointer: String, _ expected: String) -> RoostError {
    RoostError(.validationFailed, message, fields: [FieldError(pointer, expected)])
  }
}

extension TextIndexDefinition {
  /// What of a document is searched, one text for each field; nil if there is none. A text is the field's string, or the strings of its
  /// list in lines; a path leads through lists to each of their objects. The index is told of a removal by the text that it was given: the
  /// same body must always give the same text.
  package func texts(of body: [UInt8]) -> [[UInt8]]? {
    var texts: [[UInt8]] = []
    var isEmpty = true
    for path in fields {
      let text = Self.text(at: path, of: body)
      if !text.isEmpty { isEmpty = false }
      texts.append(text)
    }
    return isEmpty ? nil : texts
  }

  package static func text(at path: [String], of body: [UInt8]) -> [UInt8] {
    guard let name = path.first, let range = JSONText.member(name, of: body), let value = try? JSONValue(parsing: Array(body[range])) else { return [] }
    var text: [UInt8] = []
    append(value, path.dropFirst(), to: &text)
    return text
  }

  /// Documents are nested 64 levels deep at most.
  private static func append(_ value: JSONValue, _ path: ArraySlice<String>, to text: inout [UInt8]) {
    switch value {
    case .array(let elements):
      for element in elements { append(element, path, to: &text) }
    case .object(let object):
      if let name = path.first, let member = object[name] { append(member, path.dropFirst(), to: &text) }
    case .string(let string) where path.isEmpty && !string.isEmpty:
      if !text.isEmpty { text.append(UInt8(ascii: "\n")) }
      // Some tokenizers take a NUL for the end of the text.
      for byte in string.utf8 { text.append(byte == 0 ? UInt8(ascii: " ") : byte) }
    default: break
    }
  }
}
