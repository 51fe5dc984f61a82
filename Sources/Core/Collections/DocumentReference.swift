import JSON

/// A field of a collection's documents that holds the id of a document of some collection, or a list of ids: said in the schema by the
/// annotation `"x-collection": "users"` on the string, or on the `items` of the array.
package struct DocumentReference: Sendable {
  package let path: [String]
  package let collection: String
  package let isList: Bool
  /// The annotation's place in the collection's configuration.
  package let pointer: String

  package static let keyword = "x-collection"

  /// Those of a schema: looked for in `properties`, and through references by JSON Pointer. Throws `validation_failed`.
  static func all(in schema: JSONObject, pointer: String) throws -> [DocumentReference] {
    var search = ReferenceSearch(root: .object(schema), rootPointer: pointer)
    try search.look(into: .object(schema), path: [], pointer: pointer)
    return search.found
  }
}

private struct ReferenceSearch {
  let root: JSONValue
  let rootPointer: String
  private(set) var found: [DocumentReference] = []
  /// References can repeat a schema without end.
  private var stepsLeft = 2000
  /// The places that are being looked into.
  private var open: Set<String> = []

  init(root: JSONValue, rootPointer: String) {
    self.root = root
    self.rootPointer = rootPointer
  }

  mutating func look(into schema: JSONValue, path: [String], pointer: String) throws {
    let (schema, pointer) = followed(schema, pointer)
    // What holds itself is followed once.
    guard path.count < 8, open.insert(pointer).inserted else { return }
    defer { open.remove(pointer) }
    for (name, property) in schema["properties"]?.objectValue ?? [:] {
      stepsLeft -= 1
      guard stepsLeft > 0 else { return }
      let (property, place) = followed(property, "\(pointer)/properties/\(name.pointerSegment)")
      let (items, itemsPlace) = property["items"].map { followed($0, place + "/items") } ?? (.null, place)
      if try add(property, path + [name], isList: false, place) || add(items, path + [name], isList: true, itemsPlace) { continue }
      try look(into: property, path: path + [name], pointer: place)
    }
  }

  private mutating func add(_ schema: JSONValue, _ path: [String], isList: Bool, _ pointer: String) throws -> Bool {
    guard let value = schema[DocumentReference.keyword] else { return false }
    let pointer = "\(pointer)/\(DocumentReference.keyword)"
    guard let name = value.stringValue, (try? Names.requireName(name, of: "collection")) != nil else {
      throw RoostError(
        .validationFailed, "`\(DocumentReference.keyword)` names a collection.", fields: [FieldError(pointer, "expected a collection's name as a string")])
    }
    guard found.count < Limits.referencesMax else {
      throw RoostError(
        .validationFailed, "A schema has at most \(Limits.referencesMax) fields with `\(DocumentReference.keyword)`.", fields: [FieldError(pointer, "too many")]
      )
    }
    found.append(DocumentReference(path: path, collection: name, isList: isList, pointer: pointer))
    return true
  }

  /// Through `"$ref": "#/…"`, a few times.
  private func followed(_ schema: JSONValue, _ pointer: String) -> (JSONValue, String) {
    var (schema, place) = (schema, pointer)
    for _ in 0..<8 {
      guard let reference = schema["$ref"]?.stringValue, schema[DocumentReference.keyword] == nil, let target = target(of: reference) else { break }
      (schema, place) = (target, rootPointer + reference.dropFirst(1))
    }
    return (schema, place)
  }

  /// Only of plain pointers: `#/$defs/name`.
  private func target(of reference: String) -> JSONValue? {
    guard reference.hasPrefix("#/"), !reference.utf8.contains(UInt8(ascii: "%")), !reference.utf8.contains(UInt8(ascii: "~")) else { return nil }
    return reference.dropFirst(2).split(separator: "/", omittingEmptySubsequences: false).reduce(Optional(root)) { value, name in value?[String(name)] }
  }
}
