import JSON

/// Collections, buckets and settings at rest. Each change is one commit. Indexes over many documents are built after it, in the background.
package protocol ConfigurationStore: Sendable {
  func collections() async throws -> [Collection]
  /// The indexes that cannot be used at this moment, of all collections.
  func indexBuilds() async throws -> [IndexBuild]
  /// Creates the collection, or replaces its configuration, drops indexes and builds or begins to build others as it asks.
  /// Errors: `conflict` where a unique index meets duplicates, `query_too_slow` where looking for them takes too long (none of the change stays).
  func put(_ collection: CollectionConfiguration, at now: Timestamp) async throws -> (Collection, created: Bool)
  /// How the collection's documents fit a schema that it might get. Changes nothing.
  func check(_ schema: DocumentSchema, against collection: Collection) async throws -> SchemaCheck
  /// Deletes the collection with all its documents. False if there was none.
  func deleteCollection(_ name: String) async throws -> Bool
  /// Drops what is kept of a collection whose history was turned off. Errors: `conflict` while it is on, `collection_not_found`,
  /// `not_found` where nothing is kept.
  func deleteHistory(of collection: String) async throws

  func buckets() async throws -> [Bucket]
  func put(_ bucket: BucketConfiguration, at now: Timestamp) async throws -> (Bucket, created: Bool)
  /// Errors: `conflict` while there are files in it.
  func deleteBucket(_ name: String) async throws -> Bool
}
