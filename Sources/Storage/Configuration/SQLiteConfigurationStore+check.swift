import Core

extension SQLiteConfigurationStore {
  func check(_ schema: DocumentSchema, against collection: Collection) async throws -> SchemaCheck {
    let table = DocumentTable(number: collection.number).name
    let end = ContinuousClock.now + Limits.collectionCheckDeadline
    var check = try await checks.read { database in
      do {
        return SchemaCheck(total: try database.first("SELECT count(*) FROM \(table)") { Int($0.int(0)) } ?? 0)
      } catch {
        throw database.explain(error, collection: collection)
      }
    }
    var position: Int64? = 0
    // A portion at a time: a snapshot that is held for long keeps the write-ahead log from being emptied.
    while let start = position, ContinuousClock.now < end {
      let before = check
      (check, position) = try await checks.read { database in
        do {
          return try Self.portion(of: table, after: start, before, schema, on: database)
        } catch {
          throw database.explain(error, collection: collection)
        }
      }
    }
    return check
  }

  /// Nil for the position behind which there is nothing more.
  private static func portion(
    of table: String, after start: Int64, _ before: SchemaCheck, _ schema: DocumentSchema, on database: Database
  ) throws -> (SchemaCheck, Int64?) {
    var (check, position) = (before, start)
    let rows = try database.statement(.text("check \(table)"), "SELECT rowid, id, body FROM \(table) WHERE rowid > ? ORDER BY rowid LIMIT \(portionMax)")
    defer { rows.reset() }
    try rows.bind([.int(start)])
    var bytes = 0
    while bytes < portionBytesMax, try rows.step() {
      let body = rows.bytes(2)
      try check.look(at: body, id: rows.text(1), schema)
      position = rows.int(0)
      bytes += body.count
    }
    return (check, position == start ? nil : position)
  }

  private static let portionMax = 1000
  private static let portionBytesMax = 4 << 20
}
