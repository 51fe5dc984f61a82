/// A JSON Schema, draft 2020-12, compiled once when a collection is saved (json-schema.org/draft/2020-12).
///
/// References lead only to places inside the schema. `format` is asserted for the formats of `SchemaFormat` and is an annotation
/// for all others. Numbers are compared by their mathematical values, strings and keys by code points. What a hostile schema or
/// instance can cost is bounded by `SchemaLimits`; a validation that would cost more fails.
package struct JSONSchema: Sendable {
  let nodes: [SchemaNode]
  /// Where a `$dynamicRef` may lead: for each of its names, the place in each resource that has it.
  let dynamicAnchors: [[Int: Int]]

  /// Throws `JSONSchemaError` with everything that is wrong with the schema. `pattern`, `patternProperties` are refused where no
  /// way to compile patterns is given.
  package init(_ schema: JSONValue, patterns: @escaping JSONSchemaPatterns = JSONSchema.noPatterns) throws {
    var compiler = SchemaCompiler(patterns: patterns)
    (nodes, dynamicAnchors) = try compiler.compile(schema)
  }

  /// All failures, at most `most`; none when the instance is valid.
  package func validate(_ instance: JSONValue, most: Int = 20) -> [JSONSchemaFailure] {
    validate(instance, most: most, stepsMax: SchemaLimits.stepsMax)
  }

  /// The same with a bound of its own on the steps; past it the validation fails.
  package func validate(_ instance: JSONValue, most: Int, stepsMax: Int) -> [JSONSchemaFailure] {
    var run = SchemaRun(self, most: max(most, 1), stepsMax: stepsMax)
    _ = run.check(0, instance, nil)
    return run.result()
  }

  /// The instance with the `default`s of missing properties filled in, as they stand in the schema; nil where nothing changes.
  ///
  /// Follows `properties`, also of nested objects that are there, `$ref` and `allOf`. The first default found counts: the
  /// property's own, then its `$ref`'s, then its `allOf`'s. The result can be larger than what a caller was allowed to send,
  /// and filled once more where a default is an object whose own members have defaults.
  package func fillingDefaults(_ instance: JSONValue) -> JSONValue? {
    fillingDefaults(instance, stepsMax: SchemaLimits.stepsMax)
  }

  package func fillingDefaults(_ instance: JSONValue, stepsMax: Int) -> JSONValue? {
    var filler = SchemaDefaults(nodes, stepsMax: stepsMax)
    return filler.filled(instance)
  }

  /// Refuses all patterns.
  package static let noPatterns: JSONSchemaPatterns = { _ in throw JSONSchemaError([JSONSchemaFailure(pointer: "", message: "patterns are not supported here")])
  }
}

/// Compiles a regular expression in RE2's syntax (`SchemaPattern` translates to it) into a search for it anywhere in a text, in
/// time linear in the text; the search returns nil when it gives up, which fails the validation. An error's description says
/// what is wrong with the pattern.
package typealias JSONSchemaPatterns = @Sendable (String) throws -> @Sendable (String) -> Bool?

/// What is wrong at one place.
package struct JSONSchemaFailure: Sendable, Hashable {
  /// A JSON Pointer (RFC 6901); empty for the whole.
  package let pointer: String
  /// What was expected and what was found, as a clause without a full stop.
  package let message: String

  package init(pointer: String, message: String) {
    self.pointer = pointer
    self.message = message
  }
}

/// Why a schema is refused; the pointers lead into the schema.
package struct JSONSchemaError: Error, Sendable, Hashable, CustomStringConvertible {
  /// At least one.
  package let problems: [JSONSchemaFailure]

  package init(_ problems: [JSONSchemaFailure]) { self.problems = problems }

  package var description: String {
    problems.map { $0.pointer.isEmpty ? $0.message : "\($0.pointer): \($0.message)" }.joined(separator: "; ")
  }
}
