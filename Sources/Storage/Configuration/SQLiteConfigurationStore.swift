import Core
import JSON

/// Collections and buckets in SQLite.
final class SQLiteConfigurationStore: ConfigurationStore {
  private let writer: Writer
  private let readers: ReaderPool
  /// For looks at all documents of a collection, which take longer than a list may.
  let checks: ReaderPool
  private let indexBuilder: IndexBuilder

  init(writer: Writer, readers: ReaderPool, checks: ReaderPool, indexBuilder: IndexBuilder) {
    self.writer = writer
    self.readers = readers
    self.checks = checks
    self.indexBuilder = indexBuilder
  }

  // MARK: Collections

  func collections() async throws -> [Collection] {
    try await readers.read { database in
      let builds = Dictionary(grouping: try database.indexBuilds().map(\.build), by: \.collection)
      return try database.rows("SELECT \(Self.collectionColumns) FROM collections ORDER BY name") { try Self.collection($0, builds) }
    }
  }

  func indexBuilds() async throws -> [IndexBuild] {
    try await readers.read { try $0.indexBuilds().map(\.build) }
  }

  func put(_ configuration: CollectionConfiguration, at now: Timestamp) async throws -> (Collection, created: Bool) {
    if configuration.indexes.contains(where: \.isUnique) { try await checks.read { try $0.requireUnique(configuration) } }
    let stored = try await writer.write { transaction in try transaction.put(configuration, at: now) }
    indexBuilder.wake()
    return stored
  }

  func deleteCollection(_ name: String) async throws -> Bool {
    guard name != Collection.users else { throw RoostError(.conflict, "The collection 'users' is part of every project and cannot be deleted.") }
    defer { indexBuilder.wake() }
    return try await writer.write { transaction in
      let database = transaction.database
      guard let number = try database.first("DELETE FROM collections WHERE name = ? RETURNING number", .text(name), row: { $0.int(0) }) else { return false }
      try transaction.abandonIndexBuilds(of: number)
      try database.runScript("DROP TABLE \(DocumentTable(number: number).name)")
      try transaction.dropLifetime(number: number)
      return true
    }
  }

  func deleteHistory(of name: String) async throws {
    try await writer.write { transaction in try transaction.dropHistory(of: name) }
  }

  private static let collectionColumns = "name, number, configuration, created, updated"

  private static func collection(_ row: Statement, _ builds: [Int64: [IndexBuild]]) throws -> Collection {
    let configuration = try CollectionConfiguration(name: row.text(0), value: JSONValue(parsing: row.bytes(2)))
    return Collection(configuration, number: row.int(1), created: row.int(3), updated: row.int(4), builds: builds[row.int(1)] ?? [])
  }

  // MARK: Buckets

  func buckets() async throws -> [Bucket] {
    try await readers.read { database in
      try database.rows("SELECT name, configuration, created, updated FROM buckets ORDER BY name") { row in
        Bucket(
          configuration: try BucketConfiguration(name: row.text(0), value: JSONValue(parsing: row.bytes(1))),
          created: Timestamp(milliseconds: row.int(2)), updated: Timestamp(milliseconds: row.int(3)))
      }
    }
  }

  func put(_ configuration: BucketConfiguration, at now: Timestamp) async throws -> (Bucket, created: Bool) {
    try await writer.write { transaction in
      let database = transaction.database
      let created = try database.first("SELECT created FROM buckets WHERE name = ?", .text(configuration.name)) { $0.int(0) }
      if created == nil {
        let count = try database.first("SELECT count(*) FROM buckets") { $0.int(0) } ?? 0
        guard count < Limits.bucketsMax else { throw RoostError(.conflict, "A project has at most \(Limits.bucketsMax) buckets.") }
      }
      try database.run(
        """
        INSERT INTO buckets (name, configuration, created, updated) VALUES (?1, ?2, ?3, ?3)
        ON CONFLICT (name) DO UPDATE SET configuration = ?2, updated = ?3
        """, .text(configuration.name), .utf8(configuration.value.bytes()), .int(now.milliseconds))
      let bucket = Bucket(configuration: configuration, created: created.map(Timestamp.init(milliseconds:)) ?? now, updated: now)
      return (bucket, created: created == nil)
    }
  }

  func deleteBucket(_ name: String) async throws -> Bool {
    try await writer.write { transaction in
      let database = transaction.database
      guard try database.first("SELECT 1 FROM files WHERE bucket = ? LIMIT 1", .text(name), row: { _ in true }) == nil else {
        throw RoostError(.conflict, "The bucket '\(name)' still holds files. Delete them first.")
      }
      try database.run("DELETE FROM buckets WHERE name = ?", .text(name))
      return database.changedRows > 0
    }
  }
}

extension Collection {
  convenience init(_ configuration: CollectionConfiguration, number: Int64, created: Int64, updated: Int64, builds: [IndexBuild] = []) {
    self.init(configuration, number: number, created: Timestamp(milliseconds: created), updated: Timestamp(milliseconds: updated), builds: builds)
  }
}
