import Core
import JSON

extension WriteTransaction {
  /// Brings a collection's indexes to what is declared. Over few documents they are built at once, over many a build begins.
  /// Throws `conflict` where a unique one meets duplicates.
  func setIndexes(of collection: CollectionConfiguration, _ table: DocumentTable) throws {
    let definitions = collection.indexes
    let present = Set(try database.indexNames(on: table.name))
    let wanted = definitions.map { ($0, table.indexes(of: $0)) }
    let wantedNames = Set(wanted.flatMap { $0.1.map(\.name) })
    for name in present where !wantedNames.contains(name) { try database.runScript("DROP INDEX \(name)") }
    var building: [IndexDefinition] = []
    for (number, build) in try database.indexBuilds(of: table.number) {
      if case .building = build.state, definitions.contains(build.definition) {
        building.append(build.definition)
      } else {
        // One that failed is tried again.
        try abandonIndexBuild(number)
      }
    }
    let missing = wanted.filter { definition, indexes in !building.contains(definition) && !indexes.allSatisfy { present.contains($0.name) } }
    guard !missing.isEmpty else { return }
    let isSmall = try database.first("SELECT 1 FROM \(table.name) LIMIT 1 OFFSET ?", .int(Int64(Limits.indexedAtOnceMax))) { _ in true } == nil
    for (definition, indexes) in missing {
      guard isSmall else {
        try beginIndexBuild(definition, of: table)
        continue
      }
      for index in indexes where !present.contains(index.name) {
        do {
          try database.runScript(table.creation(of: index))
        } catch let error as SQLiteError where error.isUniqueViolation {
          throw RoostError.notUnique(
            definition, try database.duplicates(definition, in: table), in: collection.name, pointer: collection.pointer(to: definition))
        }
      }
    }
  }

  private func beginIndexBuild(_ definition: IndexDefinition, of table: DocumentTable) throws {
    let number = try database.first("SELECT ifnull(max(number), 0) + 1 FROM index_builds") { $0.int(0) } ?? 1
    try database.run(
      "INSERT INTO index_builds (number, collection, definition, state, position, last) VALUES (?, ?, ?, 'building', 0, (SELECT ifnull(max(rowid), 0) FROM \(table.name)))",
      .int(number), .int(table.number), .utf8(definition.value.bytes()))
    try database.runScript(IndexBuildTable(number: number, documents: table, definition: definition).creation)
  }

  /// Ends a build. Its table is emptied later, a little at a time.
  func abandonIndexBuild(_ number: Int64) throws {
    try database.runScript(IndexBuildTable.dropTriggers(number))
    for index in try database.indexNames(on: IndexBuildTable.name(number)) { try database.runScript("DROP INDEX \(index)") }
    try database.run("DELETE FROM index_builds WHERE number = ? AND state = 'failed'", .int(number))
    try database.run("UPDATE index_builds SET state = 'over' WHERE number = ?", .int(number))
  }

  /// Ends the builds of a collection that is about to go.
  func abandonIndexBuilds(of collection: Int64) throws {
    for (number, _) in try database.indexBuilds(of: collection) { try abandonIndexBuild(number) }
  }
}

extension CollectionConfiguration {
  /// Where the definition stands in the configuration.
  func pointer(to definition: IndexDefinition) -> String { "/indexes/\(indexes.firstIndex(of: definition) ?? 0)" }
}

extension Database {
  func indexNames(on table: String) throws -> [String] {
    try rows("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", .text(table)) { $0.text(0) }
  }

  /// The builds of one collection, or of all, that are running or have failed; by their numbers.
  func indexBuilds(of collection: Int64? = nil) throws -> [(number: Int64, build: IndexBuild)] {
    try rows(
      "SELECT number, collection, definition, state, position, last, failure FROM index_builds WHERE state <> 'over' AND collection = ifnull(?, collection)",
      SQLValue(collection)
    ) { row in
      let state: IndexBuild.State
      if row.text(3) == "failed" {
        state = .failed(try JSONValue(parsing: row.bytes(6)).arrayValue?.compactMap(DuplicateValue.init) ?? [])
      } else {
        state = .building(progress: row.int(5) == 0 ? 0 : Double(row.int(4)) / Double(row.int(5)))
      }
      guard let definition = try IndexDefinition.list([JSONValue(parsing: row.bytes(2))]).first else {
        throw RoostError(.internal, "The build of an index has no definition.")
      }
      return (row.int(0), IndexBuild(collection: row.int(1), definition: definition, state: state))
    }
  }
}
