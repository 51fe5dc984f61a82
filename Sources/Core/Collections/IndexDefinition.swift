import JSON

/// An index over fields; `-` in front sorts that field descending. The document's id always follows as the last key, so that
/// an indexed order is a total one.
package struct IndexDefinition: Sendable, Hashable {
  package let keys: [SortKey]
  /// No two documents have the same values. A document that has none of the fields is not compared.
  package let isUnique: Bool
  /// Documents that have none of the fields are not in it. `null` is like missing.
  package let isSparse: Bool

  package init(keys: [SortKey], isUnique: Bool = false, isSparse: Bool = false) {
    self.keys = keys
    self.isUnique = isUnique
    self.isSparse = isSparse
  }

  /// As callers write it.
  package var value: JSONValue {
    ["fields": .array(keys.map { .string($0.text) }), "unique": .bool(isUnique), "sparse": .bool(isSparse)]
  }

  /// The fields' names, without their directions.
  package var fieldNames: [String] { keys.map { $0.path.joined(separator: ".") } }
}

extension IndexDefinition {
  /// The indexes of a collection. Throws `validation_failed` with pointers, `not_implemented` for types that later versions bring.
  package static func list(_ values: [JSONValue]) throws -> [IndexDefinition] {
    guard values.count <= Limits.indexesMax else {
      throw RoostError(
        .validationFailed, "A collection has at most \(Limits.indexesMax) indexes.", fields: [FieldError("/indexes", "too many")])
    }
    var definitions: [IndexDefinition] = []
    for (position, value) in values.enumerated() where !TextIndexDefinition.isMeant(by: value) {
      let definition = try IndexDefinition(value, pointer: "/indexes/\(position)")
      guard !definitions.contains(where: definition.doesTheWorkOf) else {
        throw RoostError(.validationFailed, "Two indexes are the same.", fields: [FieldError("/indexes/\(position)", "expected each index once")])
      }
      definitions.append(definition)
    }
    return definitions
  }

  private init(_ value: JSONValue, pointer: String) throws {
    if let type = value["type"], type != "plain" {
      throw RoostError(
        .notImplemented, "Indexes of type \(type.text) are not built yet.", fields: [FieldError(pointer + "/type", "not built yet")])
    }
    var reader = try ConfigurationReader(value, of: "collection's index", at: pointer)
    _ = try reader.string("type")
    let fields = try reader.array("fields") ?? []
    guard (1...Limits.sortKeysMax).contains(fields.count) else {
      throw RoostError(
        .validationFailed, "An index names its fields.", fields: [FieldError(pointer + "/fields", "expected 1 to \(Limits.sortKeysMax) field names")])
    }
    var keys: [SortKey] = []
    for (place, field) in fields.enumerated() {
      let pointer = "\(pointer)/fields/\(place)"
      guard let text = field.stringValue, let key = try? SortKey(parsing: text) else {
        throw RoostError(
          .validationFailed, "An index's field is a name.", fields: [FieldError(pointer, "expected a name like \"author\" or \"-createdAt\"")])
      }
      guard !keys.contains(where: { $0.path == key.path }) else {
        throw RoostError(.validationFailed, "An index names a field once.", fields: [FieldError(pointer, "expected another field")])
      }
      keys.append(key)
    }
    self.init(keys: keys, isUnique: try reader.bool("unique") ?? false, isSparse: try reader.bool("sparse") ?? false)
    // What the server says of an index may come back with it.
    try reader.refuseUnknown(besides: ["state", "progress", "error", "duplicates"])
  }

  /// A unique index of several fields has a plain one beside it already. One of a single field has not, so both may be wanted.
  private func doesTheWorkOf(_ other: IndexDefinition) -> Bool {
    keys == other.keys && isSparse == other.isSparse && (isUnique == other.isUnique || keys.count > 1)
  }
}
