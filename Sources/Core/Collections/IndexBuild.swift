import JSON

/// An index that is declared and cannot be used: it is being built in the background, or that failed.
package struct IndexBuild: Sendable {
  package enum State: Sendable {
    /// How much is done, from 0 to 1.
    case building(progress: Double)
    /// Documents that share what should be unique; empty where looking for them took too long.
    case failed([DuplicateValue])
  }

  /// The number of its collection.
  package let collection: Int64
  package let definition: IndexDefinition
  package let state: State

  package init(collection: Int64, definition: IndexDefinition, state: State) {
    self.collection = collection
    self.definition = definition
    self.state = state
  }
}

/// Values that several documents have in the fields of a unique index.
package struct DuplicateValue: Sendable, Equatable {
  /// One for each field; `null` where it is missing.
  package let values: [JSONValue]
  /// How many documents have them.
  package let count: Int
  /// Two of those documents.
  package let ids: [String]

  package init(values: [JSONValue], count: Int, ids: [String]) {
    self.values = values
    self.count = count
    self.ids = ids
  }

  package init?(_ value: JSONValue) {
    guard let values = value["values"]?.arrayValue, let count = value["count"]?.intValue, let ids = value["ids"]?.arrayValue else { return nil }
    self.init(values: values, count: Int(count), ids: ids.compactMap(\.stringValue))
  }

  package var value: JSONValue { ["values": .array(values), "count": .int(Int64(count)), "ids": .array(ids.map(JSONValue.string))] }

  /// `"a" and 5 in the documents 'x' and 'y'`, for people.
  package var text: String {
    let shown = values.map { String($0.text.prefix(80)) }.joined(separator: " and ")
    let rest = count > ids.count ? " and \(count - ids.count) more" : ""
    return shown + " in the documents " + ids.map { "'\($0)'" }.joined(separator: " and ") + rest
  }
}

extension IndexDefinition {
  /// The definition with how it stands with it, as `GET /v1/collections/{collection}` answers it. Without a build it is ready.
  package func value(_ build: IndexBuild?) -> JSONValue {
    guard case .object(var object) = value else { return value }
    switch build?.state {
    case nil:
      object["state"] = "ready"
      object["progress"] = .double(1)
    case .building(let progress):
      object["state"] = "building"
      object["progress"] = .double(progress)
    case .failed(let duplicates):
      object["state"] = "failed"
      object["progress"] = .double(0)
      object["error"] = .string("Documents have the same \(fieldNames.joined(separator: " and ")). Change them, then put the collection again.")
      object["duplicates"] = .array(duplicates.map(\.value))
    }
    return .object(object)
  }
}

extension RoostError {
  /// Existing documents share what is to become unique. `pointer` leads to the index in the configuration.
  package static func notUnique(_ definition: IndexDefinition, _ duplicates: [DuplicateValue], in collection: String, pointer: String) -> RoostError {
    let fields = definition.fieldNames.joined(separator: " and ")
    return RoostError(
      .conflict, "Documents in '\(collection)' already share the same \(fields), so it cannot become unique. Nothing was changed.",
      fields: duplicates.isEmpty ? [FieldError(pointer, "\(fields) is not unique")] : duplicates.map { FieldError(pointer, $0.text) })
  }
}
