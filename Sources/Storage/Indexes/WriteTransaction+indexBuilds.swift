import CSQLite
import Core
import JSON

/// What became of a step in the background.
enum IndexBuildStep: Equatable {
  /// There is more to do.
  case more
  /// An index became ready.
  case ready
  /// Nothing is left.
  case nothing
}

extension WriteTransaction {
  /// Documents, or rows to remove, between two looks at the clock.
  private static let rowsBetweenLooks: Int64 = 16

  /// Documents that a portion takes in. Each may change a page of the index of its own: so many pages reach the disk with the commit, and somebody's
  /// write may be waiting for it.
  private static let portionMax: Int64 = 6 * rowsBetweenLooks

  /// One portion of the oldest build: as many documents as fit in `time`, and no more than some. Throws SQLite's unique violation with the build's number.
  func continueIndexBuild(for time: Duration) throws -> IndexBuildStep {
    let row = try database.first(
      "SELECT number, collection, definition, position, last FROM index_builds WHERE state = 'building' ORDER BY number LIMIT 1"
    ) { row in (number: row.int(0), collection: row.int(1), definition: try JSONValue(parsing: row.bytes(2)), position: row.int(3), last: row.int(4)) }
    guard let row, let definition = try IndexDefinition.list([row.definition]).first else { return .nothing }
    let table = IndexBuildTable(number: row.number, documents: DocumentTable(number: row.collection), definition: definition)
    let end = ContinuousClock.now + time
    var position = row.position
    for _ in 0..<Self.portionMax / Self.rowsBetweenLooks {
      let next = try database.first(table.portionEnd, .int(position), .int(row.last), .int(Self.rowsBetweenLooks)) { $0.optionalInt(0) } ?? nil
      guard let next else {
        try handOver(table)
        return .ready
      }
      do {
        try database.run(table.filling, .int(position), .int(next))
      } catch let error as SQLiteError where error.isUniqueViolation {
        throw NotUnique(number: row.number, table: table.documents, definition: definition)
      }
      position = next
      if ContinuousClock.now >= end { break }
    }
    try database.run("UPDATE index_builds SET position = ? WHERE number = ?", .int(position), .int(row.number))
    return .more
  }

  /// A build met documents that share what should be unique.
  struct NotUnique: Error {
    let number: Int64
    let table: DocumentTable
    let definition: IndexDefinition
  }

  func failIndexBuild(_ failure: NotUnique, _ duplicates: [DuplicateValue]) throws {
    guard try database.first("SELECT 1 FROM index_builds WHERE number = ? AND state = 'building'", .int(failure.number), row: { _ in true }) != nil else {
      return
    }
    try abandonIndexBuild(failure.number)
    try database.run(
      """
      INSERT INTO index_builds (number, collection, definition, state, position, last, failure)
      SELECT (SELECT max(number) + 1 FROM index_builds), collection, definition, 'failed', 0, 0, ? FROM index_builds WHERE number = ?
      """, .utf8(JSONValue.array(duplicates.map(\.value)).bytes()), .int(failure.number))
  }

  /// Gives the finished index to the documents: from now on the schema calls it theirs.
  private func handOver(_ table: IndexBuildTable) throws {
    guard let version = try database.first("PRAGMA schema_version", row: { $0.int(0) }) else { throw RoostError(.internal, "SQLite tells no schema version.") }
    // SQLite lets nobody write into its schema while it is on its guard; that is for statements from outside, of which there are none.
    roost_sqlite3_switch(database.handle, Int32(SQLITE_DBCONFIG_DEFENSIVE), 0)
    defer { roost_sqlite3_switch(database.handle, Int32(SQLITE_DBCONFIG_DEFENSIVE), 1) }
    try database.runScript("PRAGMA writable_schema = ON")
    do {
      for index in table.indexes {
        try database.run(
          "UPDATE sqlite_schema SET tbl_name = ?, sql = ? WHERE type = 'index' AND name = ? AND tbl_name = ?", .text(table.documents.name),
          .text(table.documents.creation(of: index)), .text(index.name), .text(table.name))
        guard database.changedRows == 1 else { throw RoostError(.internal, "The index \(index.name) that was built is not there.") }
      }
    } catch {
      try database.runScript("PRAGMA writable_schema = RESET")
      throw error
    }
    // With another version every connection reads the schema anew; this one at once.
    try database.runScript("PRAGMA schema_version = \(version + 1); PRAGMA writable_schema = RESET;")
    try database.runScript(IndexBuildTable.dropTriggers(table.number))
    try database.run("UPDATE index_builds SET state = 'over' WHERE number = ?", .int(table.number))
  }

  /// Removes a little of what builds have left.
  func removeIndexBuildRemains(for time: Duration) throws -> IndexBuildStep {
    guard let number = try database.first("SELECT number FROM index_builds WHERE state = 'over' ORDER BY number LIMIT 1", row: { $0.int(0) }) else {
      return .nothing
    }
    let table = IndexBuildTable.name(number)
    let end = ContinuousClock.now + time
    repeat {
      try database.run("DELETE FROM \(table) WHERE row IN (SELECT row FROM \(table) LIMIT \(16 * Self.rowsBetweenLooks))")
      guard database.changedRows > 0 else {
        try database.runScript("DROP TABLE \(table)")
        try database.run("DELETE FROM index_builds WHERE number = ?", .int(number))
        break
      }
    } while ContinuousClock.now < end
    return .more
  }
}
