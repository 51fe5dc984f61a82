import CEL
import Core

extension SQLiteDocumentStore {
  func plan(_ query: DocumentQuery, in collection: Collection, then: @escaping Completion<QueryPlan>) {
    reading(query, of: collection, then: then) { reading, scanner, _ in try reading.explanation(on: scanner.database) }
  }
}

extension PageReading {
  func explanation(on database: Database) throws -> QueryPlan {
    let statements = statements
    var steps: [String] = []
    for statement in statements {
      steps += try database.rows("EXPLAIN QUERY PLAN " + statement.text, statement.values) { $0.text(3) }
    }
    // An index that was not chosen for its order may still be searched.
    let index = indexFields ?? indexFields { name in steps.contains { $0.contains(" \(name) ") } }
    return QueryPlan(
      sql: statements.map(\.text).joined(separator: ";\n"), precision: precision, index: index, unreadyIndex: unreadyIndex,
      missingIndex: index == nil && unreadyIndex == nil && !fieldsToIndex.isEmpty ? fieldsToIndex : nil, steps: steps)
  }
}
