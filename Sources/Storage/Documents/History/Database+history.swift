import Core

extension Database {
  func pastVersions(of id: String, in collection: String, before version: Int64?, limit: Int) throws -> [PastVersion]? {
    guard let table = try historyTable(of: collection) else { return nil }
    let statement = try statement(
      .text("versions of \(table.name)"),
      "SELECT \(HistoryTable.columns) FROM \(table.name) WHERE id = ? AND version < ? ORDER BY version DESC LIMIT ?")
    defer { statement.reset() }
    try statement.bind([.text(id), .int(version ?? .max), .int(Int64(limit))])
    var versions: [PastVersion] = []
    var bytes = 0
    while bytes < Limits.lifetimePortionBytes, try statement.step() {
      let past = try PastVersion(row: statement, from: 0)
      bytes += past.body?.count ?? 0
      versions.append(past)
    }
    return versions
  }

  func endOfFormerLife(of id: String, in collection: String) throws -> Int64? {
    guard let table = try historyTable(of: collection) else { return nil }
    // Times do not tell: an import may bring the old ones along.
    return try first(
      """
      SELECT max(version) FROM \(table.name) gone WHERE id = ? AND body IS NULL AND 'restored' IS NOT
      (SELECT operation FROM \(table.name) later WHERE later.id = gone.id AND later.version > gone.version ORDER BY version LIMIT 1)
      """, .text(id), row: { $0.optionalInt(0) }) ?? nil
  }

  func deletedDocuments(in collection: String, before place: Int64?, limit: Int) throws -> DeletedPage? {
    guard let table = try historyTable(of: collection) else { return nil }
    // A deletion after which the document came back is no more than a part of its past.
    let statement = try statement(
      .text("deleted of \(table.name)"),
      """
      SELECT place, \(HistoryTable.columns) FROM \(table.name) gone WHERE body IS NULL AND place < ?
      AND NOT EXISTS (SELECT 1 FROM \(table.name) later WHERE later.id = gone.id AND later.version > gone.version)
      ORDER BY place DESC LIMIT ?
      """)
    defer { statement.reset() }
    // One more tells whether there is a next page.
    try statement.bind([.int(place ?? .max), .int(Int64(limit) + 1)])
    var deleted: [DeletedDocument] = []
    var (bytes, last) = (0, Int64.max)
    while try statement.step() {
      guard deleted.count < limit, bytes < Limits.pageBytesMax else { return DeletedPage(items: deleted, next: last) }
      let deletion = try PastVersion(row: statement, from: 1)
      let document = try pastVersions(of: deletion.id, in: collection, before: deletion.version, limit: 1)?.first?.document
      bytes += document?.body.count ?? 0
      deleted.append(DeletedDocument(deletion: deletion, last: document))
      last = statement.int(0)
    }
    return DeletedPage(items: deleted, next: nil)
  }

  /// Nil where the collection keeps nothing, or there is none of that name.
  private func historyTable(of collection: String) throws -> HistoryTable? {
    try first(
      "SELECT collection FROM histories JOIN collections ON number = collection WHERE name = ?", .text(collection), row: { HistoryTable(number: $0.int(0)) })
  }
}

extension PastVersion {
  /// Reads `HistoryTable.columns`.
  init(row: Statement, from first: Int32) throws {
    guard let operation = Operation(rawValue: row.text(first + 2)) else { throw RoostError(.internal, "The history holds a version of an unknown kind.") }
    self.init(
      id: row.text(first), version: row.int(first + 1), operation: operation, at: Timestamp(milliseconds: row.int(first + 3)),
      created: Timestamp(milliseconds: row.int(first + 4)), updated: Timestamp(milliseconds: row.int(first + 5)), auth: row.optionalBytes(first + 6),
      body: row.optionalBytes(first + 7))
  }
}
