import JSON

/// Collections, buckets and settings at rest. Each change is one commit; indexes are built before it answers.
package protocol ConfigurationStore: Sendable {
  func collections() async throws -> [Collection]
  /// Creates the collection, or replaces its configuration and builds and drops indexes as it asks.
  /// Errors: `conflict` where a unique index meets duplicates (none of the change stays).
  func put(_ collection: CollectionConfiguration, at now: Timestamp) async throws -> (Collection, created: Bool)
  /// Deletes the collection with all its documents. False if there was none.
  func deleteCollection(_ name: String) async throws -> Bool
  /// Drops what is kept of a collection whose history was turned off. Errors: `conflict` while it is on, `collection_not_found`,
  /// `not_found` where nothing is kept.
  func deleteHistory(of collection: String) async throws
  /// How far the text indexes are, by their collections' numbers.
  func textIndexStates() async throws -> [Int64: TextIndexState]

  func buckets() async throws -> [Bucket]
  func put(_ bucket: BucketConfiguration, at now: Timestamp) async throws -> (Bucket, created: Bool)
  /// Errors: `conflict` while there are files in it.
  func deleteBucket(_ name: String) async throws -> Bool
}
