import CEL
import JSON

/// A named set of documents with its rules and indexes, compiled from its configuration. A class, because each request hands it on
/// many times: as a struct each copy would count some thirty references.
package final class Collection: Sendable {
  package let name: String
  /// The number in the name of its table; given by the store, never used again after a delete.
  package let number: Int64
  package let rules: CollectionRules
  package let fieldRules: FieldRules
  package let indexes: [IndexDefinition]
  /// Those of the indexes that cannot be used yet, as of when this was read from the store.
  package let builds: [IndexBuild]
  package let schema: DocumentSchema?
  /// What is known of its documents' fields, for checking expressions.
  package let documentType: CELType
  /// Nil: versions are not kept.
  package let history: HistorySettings?
  /// Nil: documents stay until they are deleted.
  package let timeToLive: TimeToLive?
  /// The configuration as it was saved.
  package let configuration: JSONValue
  package let created: Timestamp
  package let updated: Timestamp

  package init(
    _ configuration: CollectionConfiguration, number: Int64, created: Timestamp, updated: Timestamp, builds: [IndexBuild] = []
  ) {
    name = configuration.name
    self.number = number
    rules = configuration.rules
    fieldRules = configuration.fieldRules
    indexes = configuration.indexes
    self.builds = builds
    schema = configuration.schema
    documentType = configuration.documentType
    history = configuration.history
    timeToLive = configuration.timeToLive
    self.configuration = configuration.value
    self.created = created
    self.updated = updated
  }

  /// Profiles: exists from the start, cannot be deleted, and is written through the account operations as well.
  package static let users = "users"
}

package struct CollectionRules: Sendable {
  package let read: Rule
  package let create: Rule
  package let update: Rule
  package let delete: Rule

  package init(read: Rule, create: Rule, update: Rule, delete: Rule) {
    self.read = read
    self.create = create
    self.update = update
    self.delete = delete
  }
}
