import Core
import JSON

extension WriteTransaction {
  /// Creates the collection with its table, or replaces its configuration; builds and drops indexes as it asks.
  func put(_ configuration: CollectionConfiguration, at now: Timestamp) throws -> (Collection, created: Bool) {
    let existing = try database.first("SELECT number, created FROM collections WHERE name = ?", .text(configuration.name)) { ($0.int(0), $0.int(1)) }
    let number: Int64
    if let existing {
      number = existing.0
      try database.run(
        "UPDATE collections SET configuration = ?, updated = ? WHERE number = ?", .utf8(configuration.value.bytes()), .int(now.milliseconds), .int(number))
    } else {
      number = try insert(configuration, at: now)
    }
    try buildIndexes(configuration, of: DocumentTable(number: number))
    try setLifetime(configuration, number: number)
    try putTextIndex(configuration.textIndex, of: number)
    let collection = Collection(configuration, number: number, created: existing?.1 ?? now.milliseconds, updated: now.milliseconds)
    return (collection, created: existing == nil)
  }

  private func insert(_ configuration: CollectionConfiguration, at now: Timestamp) throws -> Int64 {
    let count = try database.first("SELECT count(*) FROM collections") { $0.int(0) } ?? 0
    guard count < Limits.collectionsMax else { throw RoostError(.conflict, "A project has at most \(Limits.collectionsMax) collections.") }
    let number = try nextNumber("last_collection_number")
    try database.run(
      "INSERT INTO collections (number, name, configuration, created, updated) VALUES (?, ?, ?, ?, ?)", .int(number), .text(configuration.name),
      .utf8(configuration.value.bytes()), .int(now.milliseconds), .int(now.milliseconds))
    try database.runScript(DocumentTable(number: number).creation)
    return number
  }

  /// A number that was never given before, from the counter of that name.
  func nextNumber(_ counter: String) throws -> Int64 {
    guard let number = try database.first("UPDATE meta SET value = value + 1 WHERE name = ? RETURNING value", .text(counter), row: { $0.int(0) }) else {
      throw RoostError(.internal, "The counter '\(counter)' is missing from the database.")
    }
    return number
  }

  private func buildIndexes(_ configuration: CollectionConfiguration, of table: DocumentTable) throws {
    let wanted = table.indexes(configuration.indexes)
    let present = try database.rows("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", .text(table.name)) {
      $0.text(0)
    }
    for name in present where !wanted.contains(where: { $0.name == name }) {
      try database.runScript("DROP INDEX \(name)")
    }
    for index in wanted where !present.contains(index.name) {
      do {
        try database.runScript(index.creation)
      } catch let error as SQLiteError where error.isUniqueViolation {
        let fields = configuration.indexes.first { $0.isUnique && table.indexName($0, unique: true) == index.name }?.keys.map { $0.path.joined(separator: ".") }
        throw RoostError(
          .conflict,
          "Documents in '\(configuration.name)' already share the same \((fields ?? []).joined(separator: " and ")), so it cannot become unique. Nothing was changed."
        )
      }
    }
  }
}
