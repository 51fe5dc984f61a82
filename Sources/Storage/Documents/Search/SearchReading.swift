import CEL
import CSQLite
import Core

/// One page of a search on its way through SQLite. The words are looked up first, always; what SQL can say of rule and filter is asked of
/// the documents that they lead to, and the whole of both again in memory, of each document that comes onto the page.
struct SearchReading {
  let search: DocumentSearch
  let collection: Collection
  let index: TextIndex
  let match: TextMatch
  let plan: PagePlan
  let lookups: RuleLookups?
  private let tokenizer: TextTokenizer
  private let limit: Int
  let documents: String

  /// Reads in the scanner's snapshot. Throws `bad_request`, `forbidden`, `index_building`.
  init(_ search: DocumentSearch, of collection: Collection, _ shape: CollectionShape, on database: Database) throws {
    guard let index = try database.textIndex(of: collection.number) else {
      throw RoostError(
        .badRequest, #"'\#(collection.name)' has no text index, so it cannot be searched: declare {"fields": […], "type": "text"} among its indexes."#)
    }
    guard index.isReady else {
      throw RoostError(.indexBuilding, "The text index of '\(collection.name)' is still being built. Try again in a moment.", retryAfter: .seconds(2))
    }
    self.search = search
    self.collection = collection
    self.index = index
    tokenizer = try database.fullText().tokenizer(index.definition.tokenizer)
    match = try TextMatch(search.text, index, guarded: search.page.fieldRules.guarded, tokenizer: tokenizer, collection: collection.name)
    let lookups = search.page.looksUp ? PageLookups(reading: shape.table, on: database) : nil
    plan = PagePlan(search.page, shape, lookups)
    self.lookups = lookups?.documents
    limit = max(1, min(search.page.limit, Limits.pageItemsMax))
    documents = shape.table
  }

  /// Errors: `query_too_slow`.
  func run(on database: Database, isOver: @escaping () -> Bool) throws -> SearchPage {
    do {
      var reader = SearchProgress(limit: limit, isOver: isOver)
      if search.page.sort.isEmpty { try readRanked(database, &reader) } else { try readSorted(database, &reader) }
      try lookups?.requireComplete()
      let hits = reader.isFull ? Array(reader.found.dropLast()) : reader.found
      let next = try reader.isFull ? hits.last.map { try cursor(at: $0, in: database) } : nil
      return SearchPage(
        items: try hits.map(hit), next: next, total: search.extras.counts ? try total(on: database, isOver: isOver) : nil,
        expanded: try expanded(hits.map(\.document), on: database, isOver: isOver))
    } catch let error as SQLiteError where error.primaryCode == SQLITE_INTERRUPT {
      throw Self.tooSlow(collection)
    } catch {
      throw database.explain(error, collection: collection)
    }
  }

  private func expanded(_ documents: [DocumentRecord], on database: Database, isOver: @escaping () -> Bool) throws -> [ExpandedReferences]? {
    guard let expansion = search.extras.expansion else { return nil }
    let references = ReferenceReader(database, isOver: isOver)
    return try documents.map { try references.references(of: $0, expansion) }
  }

  private func hit(_ found: SearchProgress.Found) throws -> SearchHit {
    let snippets = try match.columns.compactMap { column -> (String, TextSnippet)? in
      let field = index.definition.fields[column]
      let text = TextIndexDefinition.text(at: field, of: found.document.body)
      return try SnippetReader(match.phrases, tokenizer, isByCharacters: index.definition.tokenizer == .trigram).snippet(of: text).map {
        (field.joined(separator: "."), $0)
      }
    }
    return SearchHit(document: found.document, score: found.score, snippets: snippets)
  }

  private func cursor(at found: SearchProgress.Found, in database: Database) throws -> PageCursor {
    search.page.sort.isEmpty
      ? PageCursor(values: [.double(found.score)], id: found.document.id) : try plan.order.cursor(at: found.document, in: database)
  }

  static func tooSlow(_ collection: Collection) -> RoostError {
    RoostError(.queryTooSlow, "The search found too many documents of '\(collection.name)'. Look for rarer words, or for more of them.")
  }

  // MARK: Statements

  /// CROSS JOIN: the words lead to the documents. The other way round SQLite would look the words up for each document.
  private func statement(_ more: SQLFragment?, needsDocuments: Bool) -> SQLFragment {
    let weights = match.weights(index.definition)
    let score = "\(TextRank.function)(\(index.table), \(weights.map { _ in "?" }.joined(separator: ", ")))"
    let join = needsDocuments ? " CROSS JOIN \(documents) ON \(documents).rowid = \(index.table).rowid" : ""
    let begin = SQLFragment(
      "SELECT \(index.table).rowid, \(score) FROM \(index.table)\(join) WHERE \(index.table) MATCH ?",
      weights.map(SQLValue.double) + [.text(match.expression)])
    return more.map { begin + $0 } ?? begin
  }

  private var rankedStatement: SQLFragment {
    guard let condition = plan.condition.sql else { return statement(nil, needsDocuments: false) }
    return statement(" AND (" + condition + ")", needsDocuments: true)
  }

  private var sortedStatement: SQLFragment {
    let pieces = search.page.cursor.map { plan.order.segments(after: $0).compactMap(\.condition) }
    let conditions = [plan.condition.sql, pieces.map { .joined($0, by: "OR") }].compactMap(\.self)
    let filter = conditions.isEmpty ? SQLFragment("") : " AND " + .joined(conditions.map { "(" + $0 + ")" }, by: "AND")
    return statement(filter + plan.order.clause(of: .whole), needsDocuments: true)
  }

  // MARK: Reading

  private func readSorted(_ database: Database, _ progress: inout SearchProgress) throws {
    let sql = sortedStatement
    let rows = try database.statement(.text(sql.text), sql.text)
    defer { rows.reset() }
    try rows.bind(sql.values)
    while !progress.isFull, try rows.step() {
      guard progress.mayLook() else { throw Self.tooSlow(collection) }
      guard let record = try document(rows.int(0), database), let visible = view(of: record) else { continue }
      progress.append(visible, rows.double(1))
    }
  }

  private func readRanked(_ database: Database, _ progress: inout SearchProgress) throws {
    var ranking = try ranking(database)
    while !progress.isFull, let group = ranking.nextGroup() {
      for row in try inOrder(group, database) {
        guard !progress.isFull else { break }
        guard progress.mayLook() else { throw Self.tooSlow(collection) }
        guard let record = try document(row, database), let visible = view(of: record) else { continue }
        progress.append(visible, group.score)
      }
    }
  }

  private func ranking(_ database: Database) throws -> SearchRanking {
    let after = search.page.cursor?.values.first?.doubleValue
    let sql = rankedStatement
    let rows = try database.statement(.text(sql.text), sql.text)
    defer { rows.reset() }
    try rows.bind(sql.values)
    var ranking = SearchRanking()
    while try rows.step() {
      let score = rows.double(1)
      if let after, score > after { continue }
      guard ranking.count < Limits.scannedRowsMax else { throw Self.tooSlow(collection) }
      ranking.append(rows.int(0), score)
    }
    ranking.order()
    return ranking
  }

  /// Rows of one score by their ids; of the cursor's score those behind it.
  private func inOrder(_ group: SearchRanking.Group, _ database: Database) throws -> [Int64] {
    let cursor = search.page.cursor.flatMap { $0.values.first?.doubleValue == group.score ? $0 : nil }
    guard group.rows.count > 1 || cursor != nil else { return group.rows }
    let ids = try database.statement(.text("id in \(documents)"), "SELECT id FROM \(documents) WHERE rowid = ?")
    var rows: [(id: String, row: Int64)] = []
    for row in group.rows {
      defer { ids.reset() }
      try ids.bind(row, at: 1)
      if try ids.step() { rows.append((ids.text(0), row)) }
    }
    if let cursor { rows.removeAll { $0.id.utf8.lexicographicallyPrecedes(cursor.id.utf8) || $0.id == cursor.id } }
    return rows.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }.map(\.row)
  }

  func document(_ row: Int64, _ database: Database) throws -> DocumentRecord? {
    let statement = try database.statement(.text("row of \(documents)"), "SELECT id, version, created, updated, body FROM \(documents) WHERE rowid = ?")
    defer { statement.reset() }
    try statement.bind(row, at: 1)
    return try statement.step() ? statement.documentRow() : nil
  }

  /// The document as the caller may see it; nil if rule or filter do not hold. The rule sees all of it, the filter what the caller sees.
  func view(of record: DocumentRecord) -> DocumentRecord? {
    let query = search.page
    let context = RuleContext(query.variables, document: record, lookups: lookups)
    guard query.rule?.allows(context) ?? true else { return nil }
    let visible = query.fieldRules.guarded.isEmpty ? record : record.without(query.fieldRules.hidden(context))
    return query.filter?.allows(RuleContext(query.variables, document: visible, lookups: lookups)) ?? true ? visible : nil
  }

  // MARK: For people

  func explanation(on database: Database) throws -> QueryPlan {
    let sql = search.page.sort.isEmpty ? rankedStatement : sortedStatement
    let steps = try database.rows("EXPLAIN QUERY PLAN " + sql.text, sql.values) { $0.text(3) }
    let precision: QueryPlan.Precision = plan.condition.precision > .superset ? .exact : plan.condition.sql == nil ? .memory : .partly
    return QueryPlan(
      sql: sql.text, precision: precision, index: match.columns.map { index.definition.fields[$0].joined(separator: ".") }, missingIndex: nil, steps: steps)
  }
}
