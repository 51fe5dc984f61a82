import CEL
import JSON

extension CELType {
  /// What is known of the documents of a collection with this schema, before there are any: never more than the schema enforces.
  ///
  /// A document is an object. Followed are `properties`, `items`, `allOf` and references by JSON Pointer; what other keywords say
  /// only narrows this, so it is left out. An object is closed where `additionalProperties` or `unevaluatedProperties` is false
  /// and no keyword that is not followed could let more in. Whatever is in doubt, and what is nested too deep, is `.dyn`.
  package init(schema: JSONValue) {
    var reader = SchemaTypeReader(root: schema)
    var known = reader.known(schema, isLocal: true)
    known.isObject()
    self = known.type
  }
}

/// Reads types from a schema, with a bound on its steps: references can repeat a schema without end.
private struct SchemaTypeReader {
  let root: JSONValue
  private var stepsLeft = 2000
  private var nesting = 0
  /// The references that are being followed.
  private var open: Set<String> = []

  init(root: JSONValue) { self.root = root }

  /// `isLocal`: references are relative to the root, no `$id` being in between.
  mutating func known(_ schema: JSONValue, isLocal: Bool) -> SchemaKnowledge {
    stepsLeft -= 1
    guard stepsLeft > 0, nesting < JSONText.depthMax else { return .unsure }
    nesting += 1
    defer { nesting -= 1 }
    guard case .object(let object) = schema else { return schema.boolValue == true ? SchemaKnowledge() : .unsure }
    // The root may have an `$id`: its pointers are its own.
    let isLocal = isLocal && (object["$id"] == nil || schema == root)
    var known = SchemaKnowledge(types: object)
    if case .object(let properties)? = object["properties"] {
      for (name, property) in properties { known.fields[name] = self.known(property, isLocal: isLocal).type }
    }
    if object["prefixItems"] == nil, let items = object["items"] { known.items = self.known(items, isLocal: isLocal).type }
    let others = object["additionalProperties"]
    known.mayEvaluateMore = SchemaTypeReader.evaluating.contains { object[$0] != nil } || others != nil && others?.boolValue != false
    if others?.boolValue == false, object["patternProperties"] == nil { known.isOpen = false }
    if let reference = object["$ref"] { known.merge(follow(reference, isLocal: isLocal)) }
    for part in object["allOf"]?.arrayValue ?? [] { known.merge(self.known(part, isLocal: isLocal)) }
    if let rest = object["unevaluatedProperties"] {
      if rest.boolValue == false, !known.mayEvaluateMore { known.isOpen = false }
      known.mayEvaluateMore = true
    }
    return known
  }

  /// What may say more about which properties there are, and is not followed.
  private static let evaluating = ["patternProperties", "anyOf", "oneOf", "if", "dependentSchemas", "$dynamicRef"]

  private mutating func follow(_ reference: JSONValue, isLocal: Bool) -> SchemaKnowledge {
    guard isLocal, case .string(let text) = reference, let target = target(of: text), open.insert(text).inserted else { return .unsure }
    defer { open.remove(text) }
    return known(target, isLocal: true)
  }

  /// Only of plain pointers: `#/$defs/name`.
  private func target(of reference: String) -> JSONValue? {
    guard reference != "#" else { return root }
    guard reference.hasPrefix("#/"), !reference.utf8.contains(UInt8(ascii: "%")), !reference.utf8.contains(UInt8(ascii: "~")) else { return nil }
    var value = root
    for token in reference.dropFirst(2).split(separator: "/", omittingEmptySubsequences: false) {
      // Only through objects; below another `$id` a reference means something else.
      guard let next = value[String(token)], next["$id"] == nil else { return nil }
      value = next
    }
    return value
  }
}

/// What a schema and all that apply with it say of a value.
private struct SchemaKnowledge {
  /// nil where nothing is known; `.object([:], …)` and `.list(.dyn)` stand for any object and any list.
  private var kind: CELType?
  /// If the value is an object.
  var fields: [String: CELType] = [:]
  var isOpen = true
  /// Whether there may be properties that `fields` does not name and that `unevaluatedProperties` would let in.
  var mayEvaluateMore = false
  /// If the value is an array.
  var items = CELType.dyn

  init() {}

  /// Nothing is known, and more may be said elsewhere.
  static var unsure: SchemaKnowledge {
    var knowledge = SchemaKnowledge()
    knowledge.mayEvaluateMore = true
    return knowledge
  }

  /// From `type`, `const` and `enum`.
  init(types object: JSONObject) {
    if let type = object["type"] {
      let kinds = (type.arrayValue ?? [type]).map { $0.stringValue.flatMap(SchemaKnowledge.kind) ?? .dyn }
      meet(SchemaKnowledge.common(kinds))
    }
    if let constant = object["const"] { meet(SchemaKnowledge.kind(of: constant)) }
    if let values = object["enum"]?.arrayValue { meet(SchemaKnowledge.common(values.map(SchemaKnowledge.kind(of:)))) }
  }

  var type: CELType {
    switch kind {
    case nil: .dyn
    case .object: .object(fields, open: isOpen)
    case .list: .list(items)
    case let kind?: kind
    }
  }

  mutating func isObject() { kind = .object([:], open: true) }

  /// Both hold.
  mutating func merge(_ other: SchemaKnowledge) {
    if let kind = other.kind { meet(kind) }
    fields.merge(other.fields) { SchemaKnowledge.both($0, $1) }
    isOpen = isOpen && other.isOpen
    mayEvaluateMore = mayEvaluateMore || other.mayEvaluateMore
    items = SchemaKnowledge.both(items, other.items)
  }

  private mutating func meet(_ other: CELType) {
    guard other != .dyn else { return }
    // What can be no value at all is in doubt: most likely the schema does not say what was meant.
    kind = kind == nil || kind == other ? other : .dyn
  }

  /// What is known of a value of which two things are known; of two objects, only that it is one.
  private static func both(_ one: CELType, _ other: CELType) -> CELType {
    switch (one, other) {
    case (.dyn, _): other
    case (_, .dyn): one
    case (.object(let a, let isOpenA), .object(let b, let isOpenB)): .object(a.merging(b) { both($0, $1) }, open: isOpenA && isOpenB)
    case (.list(let a), .list(let b)): .list(both(a, b))
    default: one == other ? one : .dyn
    }
  }

  private static func common(_ kinds: [CELType]) -> CELType {
    guard let first = kinds.first, kinds.allSatisfy({ $0 == first }) else { return .dyn }
    return first
  }

  private static func kind(_ name: String) -> CELType? {
    switch name {
    case "null": .null
    case "boolean": .bool
    case "integer", "number": .number
    case "string": .string
    case "array": .list(.dyn)
    case "object": .object([:], open: true)
    default: nil
    }
  }

  private static func kind(of value: JSONValue) -> CELType {
    switch value {
    case .null: .null
    case .bool: .bool
    case .int, .double: .number
    case .string: .string
    case .array: .list(.dyn)
    case .object: .object([:], open: true)
    }
  }
}
