import Synchronization

/// One isolated backend: its stores and what of its configuration every request needs. One process may hold many.
package final class Project: Sendable {
  package let name: String
  package let documents: any DocumentStore
  package let configuration: any ConfigurationStore
  package let accounts: any AccountStore
  package let files: any FileStore
  package let functions: any FunctionStore
  package let secrets: SecretVault
  package let log: any EventLog
  package let before: BeforeTriggers

  private struct Catalog {
    var collections: [String: Collection] = [:]
    var buckets: [String: Bucket] = [:]
    /// How often a reading of it began, and which of these readings it comes from.
    var readings = 0
    var reading = 0
  }

  private let catalog = Mutex(Catalog())
  private let reloads = Atomic(0)

  package init(
    name: String, documents: any DocumentStore, configuration: any ConfigurationStore, accounts: any AccountStore, files: any FileStore,
    functions: any FunctionStore, secrets: SecretVault, log: any EventLog, before: BeforeTriggers
  ) {
    self.name = name
    self.documents = documents
    self.configuration = configuration
    self.accounts = accounts
    self.files = files
    self.functions = functions
    self.secrets = secrets
    self.log = log
    self.before = before
  }

  /// Reads the configuration. Call once before serving, and after each change of it.
  package func reloadConfiguration() async throws {
    let reading = catalog.withLock { catalog in
      catalog.readings += 1
      return catalog.readings
    }
    let collections = try await configuration.collections()
    let buckets = try await configuration.buckets()
    catalog.withLock { catalog in
      // Another reading, which began later, may have seen more.
      guard reading > catalog.reading else { return }
      catalog.reading = reading
      catalog.collections = Dictionary(uniqueKeysWithValues: collections.map { ($0.name, $0) })
      catalog.buckets = Dictionary(uniqueKeysWithValues: buckets.map { ($0.name, $0) })
    }
    reloads.add(1, ordering: .releasing)
  }

  /// Reads which functions are asked before documents change. Call once before serving, and after each change of functions.
  package func reloadTriggers() async throws {
    try await before.reload { try await functions.functions().map(\.definition) }
  }

  /// Goes up with each reading of the configuration: whoever holds on to a collection looks again when it has moved.
  package var configurationVersion: Int { reloads.load(ordering: .acquiring) }

  /// Throws `collection_not_found`.
  package func collection(_ name: String) throws -> Collection {
    guard let collection = catalog.withLock({ $0.collections[name] }) else { throw RoostError.collectionNotFound(String(name.prefix(80))) }
    return collection
  }

  package var collections: [Collection] {
    catalog.withLock { Array($0.collections.values) }.sorted { $0.name < $1.name }
  }

  /// Throws `expression_invalid` where a rule looks documents up in a collection that is not there: it would deny for ever, silently.
  package func requireCollections(_ lookedUp: [(collection: String, pointer: String)], besides own: String? = nil) throws {
    let known = Set(collections.map(\.name))
    for (name, pointer) in lookedUp where name != own && !known.contains(name) {
      throw RoostError(
        .expressionInvalid, "The expression at \(pointer) looks documents up in '\(name.prefix(80))', and there is no such collection.",
        fields: [FieldError(pointer, "expected the name of a collection in lookup()")])
    }
  }

  /// Throws `validation_failed` where a schema's field refers to a collection that is not there.
  package func requireCollections(_ references: [DocumentReference], besides own: String) throws {
    let known = Set(collections.map(\.name))
    let missing = references.filter { $0.collection != own && !known.contains($0.collection) }
    guard missing.isEmpty else {
      throw RoostError(
        .validationFailed, "The schema refers to the collection '\(missing[0].collection)', and there is no such collection.",
        fields: missing.map { FieldError($0.pointer, "expected the name of a collection") })
    }
  }

  /// Throws `bucket_not_found`.
  package func bucket(_ name: String) throws -> Bucket {
    guard let bucket = catalog.withLock({ $0.buckets[name] }) else { throw RoostError.bucketNotFound(String(name.prefix(80))) }
    return bucket
  }

  package var buckets: [Bucket] {
    catalog.withLock { Array($0.buckets.values) }.sorted { $0.name < $1.name }
  }
}
