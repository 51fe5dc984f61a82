import Core
import JSON

extension WriteTransaction {
  /// Creates the collection with its table, or replaces its configuration; drops and builds indexes as it asks.
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
    try setIndexes(of: configuration, DocumentTable(number: number))
    try setLifetime(configuration, number: number)
    let builds = try database.indexBuilds(of: number).map(\.build)
    let collection = Collection(configuration, number: number, created: existing?.1 ?? now.milliseconds, updated: now.milliseconds, builds: builds)
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
}
