import CEL
import JSON

/// A collection's configuration as callers write it, checked and compiled.
package struct CollectionConfiguration: Sendable {
  package let name: String
  package let rules: CollectionRules
  package let fieldRules: FieldRules
  package let indexes: [IndexDefinition]
  package let schema: DocumentSchema?
  package let documentType: CELType
  package let history: HistorySettings?
  package let timeToLive: TimeToLive?
  /// Normalised: what GET answers.
  package let value: JSONValue

  /// Throws `validation_failed` or `expression_invalid` with pointers, `not_implemented` for parts that later versions bring.
  package init(name: String, value: JSONValue) throws {
    try Names.requireName(name, of: "collection")
    var reader = try ConfigurationReader(value, of: "collection")
    if let stated = try reader.string("name"), stated != name {
      throw RoostError(
        .validationFailed, "The body names another collection than the path.", fields: [FieldError("/name", "expected \"\(name)\"")])
    }
    let rules = try reader.object("rules") ?? [:]
    for (action, _) in rules where !["read", "create", "update", "delete"].contains(action) {
      throw RoostError(
        .validationFailed, "There is no rule '\(action)'.",
        fields: [FieldError("/rules/\(action.pointerSegment)", "expected one of read, create, update, delete")])
    }
    let schema = try reader.object("schema")
    self.schema = try schema.map { try DocumentSchema($0, collection: name, pointer: "/schema") }
    let document = ExpressionKind.documentType(self.schema?.type ?? .dyn)
    documentType = document
    self.rules = CollectionRules(
      read: try Rule(rules["read"], .readRule, pointer: "/rules/read", document: document),
      create: try Rule(rules["create"], .writeRule, pointer: "/rules/create", document: document),
      update: try Rule(rules["update"], .writeRule, pointer: "/rules/update", document: document),
      delete: try Rule(rules["delete"], .readRule, pointer: "/rules/delete", document: document))
    let fieldRules = try reader.object("fieldRules") ?? [:]
    self.fieldRules = try FieldRules(fieldRules, document: document)
    indexes = try IndexDefinition.list(reader.array("indexes") ?? [])
    history = try HistorySettings(reader.value("history"), pointer: "/history")
    timeToLive = try TimeToLive(reader.value("ttl"), pointer: "/ttl", collection: name)
    try reader.refuseUnknown()
    self.name = name
    self.value = [
      "name": .string(name), "schema": schema.map(JSONValue.object) ?? .null, "rules": .object(rules), "fieldRules": .object(fieldRules),
      "indexes": .array(indexes.map(\.value)), "history": history?.value ?? false, "ttl": timeToLive?.value ?? .null,
    ]
  }

  /// Every collection that some rule looks documents up in, with the rule's place in the configuration.
  package var lookedUp: [(collection: String, pointer: String)] {
    let named = [
      ("/rules/read", rules.read), ("/rules/create", rules.create), ("/rules/update", rules.update), ("/rules/delete", rules.delete),
    ]
    let fields = fieldRules.fields.flatMap { field in
      let pointer = "/fieldRules/\(field.name.pointerSegment)"
      return (field.read?.lookedUp(at: pointer + "/read") ?? []) + (field.write?.lookedUp(at: pointer + "/write") ?? [])
    }
    return named.flatMap { pointer, rule in rule.lookedUp(at: pointer) } + fields
  }
}
