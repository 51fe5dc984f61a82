import CSQLite
import Core
import JSON

extension Database {
  /// Some of the values that documents share in the fields of what is to be a unique index.
  func duplicates(_ definition: IndexDefinition, in table: DocumentTable) throws -> [DuplicateValue] {
    let expressions = definition.keys.map { DocumentTable.expression($0.path) }
    let columns = expressions.indices.map { "k\($0)" }
    let groups = columns.count == 1 ? columns : columns.map { "ifnull(\($0), x'')" }
    let present = columns.map { "\($0) IS NOT NULL" }.joined(separator: " OR ")
    let keys = zip(expressions, columns).map { "\($0) AS \($1)" }.joined(separator: ", ")
    // The LIMIT keeps the inner query apart: joined with the outer one, the whole documents would be sorted.
    let sql = """
      SELECT count(*), min(id), max(id), \(columns.joined(separator: ", ")) FROM (SELECT id AS id, \(keys) FROM \(table.name) LIMIT -1)
      WHERE \(present) GROUP BY \(groups.joined(separator: ", ")) HAVING count(*) > 1 LIMIT \(Self.duplicatesNamedMax)
      """
    return try rows(sql) { row in
      DuplicateValue(
        values: expressions.indices.map { row.jsonValue(3 + Int32($0)) }, count: Int(row.int(0)), ids: [row.text(1), row.text(2)])
    }
  }

  /// Looks for what would keep a unique index from being built, before anything is changed. Throws `conflict`, or `query_too_slow` where there
  /// are too many documents.
  func requireUnique(_ collection: CollectionConfiguration) throws {
    guard let number = try collectionNumber(collection.name) else { return }
    let table = DocumentTable(number: number)
    let present = Set(try indexNames(on: table.name))
    let builds = try indexBuilds(of: number).map(\.build)
    for definition in collection.indexes where definition.isUnique && !present.contains(table.indexName(definition, .unique)) {
      let isBuilding = builds.contains { build in
        guard case .building = build.state else { return false }
        return build.definition == definition
      }
      guard !isBuilding else { continue }
      let found: [DuplicateValue]
      do {
        found = try duplicates(definition, in: table)
      } catch let error as SQLiteError where error.primaryCode == SQLITE_INTERRUPT {
        throw RoostError(
          .queryTooSlow,
          "Looking for duplicates in '\(collection.name)' took longer than \(Limits.collectionCheckDeadline.components.seconds) s. Nothing was changed.")
      }
      guard found.isEmpty else { throw RoostError.notUnique(definition, found, in: collection.name, pointer: collection.pointer(to: definition)) }
    }
  }

  /// Enough to see what is wrong.
  private static var duplicatesNamedMax: Int { 5 }
}
