import CEL
import JSON

/// The JSON Schema of a collection's documents (draft 2020-12), compiled. It is about their own fields: ours are never in it.
package struct DocumentSchema: Sendable {
  /// What is known of the documents' fields, for checking expressions.
  package let type: CELType
  /// The fields that refer to documents.
  package let references: [DocumentReference]
  private let schema: JSONSchema
  /// Fields that the server puts into a profile and that the schema says nothing of.
  private let ignored: [String]

  /// Throws `validation_failed` with every place that is wrong.
  package init(_ value: JSONObject, collection: String, pointer: String) throws {
    do {
      schema = try JSONSchema(.object(value), patterns: Self.compilePattern)
    } catch let error as JSONSchemaError {
      throw RoostError(
        .validationFailed, "The schema is not a valid JSON Schema (draft 2020-12).",
        fields: error.problems.map { FieldError(pointer + $0.pointer, $0.message) })
    }
    references = try DocumentReference.all(in: value, pointer: pointer)
    let named = value["properties"]?.objectValue ?? [:]
    ignored = collection == Collection.users ? UserProfile.identityFields.filter { !named.contains($0) } : []
    let type = CELType(schema: .object(value))
    if case .object(let fields, let isOpen) = type, !ignored.isEmpty {
      self.type = .object(fields.merging(ignored.map { ($0, .dyn) }) { field, _ in field }, open: isOpen)
    } else {
      self.type = type
    }
  }

  /// Patterns are searched for in time linear in the text, as in expressions.
  private static let compilePattern: JSONSchemaPatterns = { source in
    let pattern = try CELPattern(source)
    return { text in pattern.isFound(in: text, budget: Limits.schemaPatternStepsMax) }
  }

  /// The body with its missing defaults.
  package func completed(_ body: [UInt8]) throws -> [UInt8] {
    try schema.fillingDefaults(JSONValue(parsing: body), stepsMax: Self.steps(for: body))?.bytes() ?? body
  }

  /// Throws `validation_failed` with a JSON Pointer to each offending place.
  /// - Parameter hidden: fields that the caller does not see and did not set. Nothing is told of them, nor of what depends on them.
  package func require(_ body: [UInt8], in collection: String, hidden: [String] = []) throws {
    var failures = try failures(body)
    guard !failures.isEmpty else { return }
    if !hidden.isEmpty {
      let visible = Set(try self.failures(JSONText.removingMembers(hidden, from: body)))
      let pointers = hidden.map { "/" + $0.pointerSegment }
      failures = failures.filter { failure in !pointers.contains { failure.pointer == $0 || failure.pointer.hasPrefix($0 + "/") } }
      guard !failures.isEmpty else { return }
      failures = failures.map { visible.contains($0) ? $0 : JSONSchemaFailure(pointer: $0.pointer, message: "does not fit") }
    }
    throw RoostError(
      .validationFailed, "The document does not fit the schema of '\(collection)'.", fields: failures.map { FieldError($0.pointer, $0.message) })
  }

  /// What is wrong with the body, with a JSON Pointer to each offending place; empty where it fits.
  package func failures(_ body: [UInt8]) throws -> [JSONSchemaFailure] {
    let value = try JSONValue(parsing: JSONText.removingMembers(ignored, from: body))
    return schema.validate(value, most: Limits.schemaFailuresMax, stepsMax: Self.steps(for: body))
  }

  /// As many as a schema needs that looks at everything some times: a small document cannot make a schema work for long.
  private static func steps(for body: [UInt8]) -> Int { Limits.schemaStepsMin + 4 * body.count }
}
