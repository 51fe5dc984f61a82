import CEL
import CSQLite
import Core
import Glibc

/// One page on its way through SQLite: what SQL can say of the filters stands in the WHERE, the rest is looked at row by row.
struct PageReading {
  let query: DocumentQuery
  let collection: Collection
  let shape: CollectionShape
  private(set) var plan: PagePlan
  private let limit: Int

  /// - Parameter lookups: needed if the query looks up other documents.
  init(_ query: DocumentQuery, of collection: Collection, _ shape: CollectionShape, lookups: PageLookups? = nil) {
    self.query = query
    self.collection = collection
    self.shape = shape
    plan = PagePlan(query, shape, lookups)
    limit = max(1, min(query.limit, Limits.pageItemsMax))
  }

  /// No document can match.
  var isEmpty: Bool { if case .never = plan.condition { true } else { false } }

  /// It runs along an index and looks at hardly more rows than it answers, so that it may run on an event loop.
  var isLight: Bool { plan.isLight }

  /// Errors: `query_too_slow`, `collection_not_found`.
  func run(on database: Database, lookups: RuleLookups? = nil, isOver: () -> Bool) throws -> DocumentPage {
    do {
      var progress = Progress(limit: limit, lookups: lookups)
      for segment in segments where !progress.isFull { try read(segment, on: database, &progress, isOver: isOver) }
      try lookups?.requireComplete()
      guard progress.isFull else { return DocumentPage(items: progress.items, next: nil) }
      let items = Array(progress.items.dropLast())
      return DocumentPage(items: items, next: try plan.order.cursor(at: items[items.count - 1], in: database))
    } catch let error as SQLiteError where error.primaryCode == SQLITE_INTERRUPT {
      throw tooSlow
    } catch {
      let explained = database.explain(error, collection: collection)
      // SQLITE_ERROR where the collection is still there: the index that was named is not.
      if (explained as? SQLiteError)?.primaryCode == SQLITE_ERROR, plan.isDeclared { throw Detour.missingIndex }
      throw explained
    }
  }

  /// Why the page has to be read in another way.
  enum Detour: Error {
    /// The index that was chosen was dropped since the caller looked the collection up.
    case missingIndex
  }

  /// The same page, by sorting.
  var withoutIndex: PageReading {
    var reading = self
    reading.plan = plan.withoutIndex
    return reading
  }

  /// What was read so far: the page, and one document more that tells that there is a next page; and what its rules looked up.
  private struct Progress {
    let limit: Int
    let lookups: RuleLookups?
    private(set) var items: [DocumentRecord] = []
    private var bytes = 0
    var scanned = 0

    init(limit: Int, lookups: RuleLookups?) {
      self.limit = limit
      self.lookups = lookups
    }

    /// A page of large documents ends early; it holds one at least.
    var isFull: Bool { items.count > limit || bytes > Limits.pageBytesMax && items.count > 1 }

    mutating func append(_ record: DocumentRecord) {
      items.append(record)
      bytes += record.body.count
    }
  }

  // MARK: Statements

  /// The pieces of the order that make the page, one after the other. An index leads to the beginning of each; without one a single
  /// pass over the table finds them all.
  private var segments: [PageOrder.Segment] {
    guard let cursor = query.cursor else { return [.whole] }
    let pieces = plan.order.segments(after: cursor)
    guard plan.index != nil else { return [PageOrder.Segment(condition: .joined(pieces.compactMap(\.condition), by: "OR"), constantKeys: 0)] }
    // Where a filter bounds a field it is not missing.
    return pieces.filter { piece in !plan.ranges.contains { $0.path == piece.missing } }
  }

  private var table: String { shape.table }

  private func read(
    _ segment: PageOrder.Segment, on database: Database, _ progress: inout Progress, isOver: () -> Bool
  ) throws {
    let sql = statement(segment)
    if plan.index != nil {
      try scan(sql, on: database, &progress, isOver: isOver) { $0.documentRow() }
    } else {
      let documents = try database.statement(.text("row of \(table)"), "SELECT id, version, created, updated, body FROM \(table) WHERE rowid = ?")
      try scan(sql, on: database, &progress, isOver: isOver) { try Self.row($0.int(0), documents) }
    }
  }

  /// Every statement that the page may run, for tests that look at SQLite's plans.
  var statements: [SQLFragment] { segments.map(statement) }

  private func statement(_ segment: PageOrder.Segment) -> SQLFragment {
    let conditions = [presence, plan.sql(in: segment), segment.condition].compactMap(\.self)
    let filter = conditions.isEmpty ? SQLFragment("") : " WHERE " + .joined(conditions, by: "AND")
    guard plan.index == nil else {
      return SQLFragment("SELECT id, version, created, updated, body FROM \(table)\(hint)") + filter + plan.order.clause(of: segment)
    }
    // Only the keys are sorted; a document is read when its turn has come.
    let sorted = SQLFragment("SELECT rowid FROM \(table)") + filter + plan.order.clause(of: segment)
    return plan.condition.precision == .exact ? sorted + SQLFragment(" LIMIT ?", [.int(Int64(limit + 1))]) : sorted
  }

  private static func row(_ number: Int64, _ documents: Statement) throws -> DocumentRecord? {
    defer { documents.reset() }
    try documents.bind(number, at: 1)
    return try documents.step() ? documents.documentRow() : nil
  }

  /// An index that was chosen is named, so that SQLite does not choose another.
  /// What a sparse index wants to hear before it lets itself be walked along.
  private var presence: SQLFragment? {
    guard case .declared(let name)? = plan.index else { return nil }
    return shape.indexes.first { $0.name == name }?.presence
  }

  private var hint: String { if case .declared(let name)? = plan.index { " INDEXED BY \(name)" } else { "" } }

  // MARK: Rows

  private func scan(
    _ sql: SQLFragment, on database: Database, _ progress: inout Progress, isOver: () -> Bool,
    row: (Statement) throws -> DocumentRecord?
  ) throws {
    let statement = try database.statement(.text(sql.text), sql.text)
    defer { statement.reset() }
    try statement.bind(sql.values)
    while !progress.isFull, try statement.step() {
      progress.scanned += 1
      if progress.scanned > Limits.scannedRowsMax || progress.scanned & rowsBetweenLooks == 0 && isOver() { throw tooSlow }
      guard let record = try row(statement), let visible = view(of: record, progress.lookups) else { continue }
      progress.append(visible)
    }
  }

  /// How many rows go by, less one, before the time is looked at: a filter evaluated in memory may make a single row expensive.
  var rowsBetweenLooks: Int { plan.condition.precision == .exact ? 255 : 7 }

  /// The document as the caller may see it; nil if rule or filter do not hold, as far as SQL has not said so already.
  func view(of record: DocumentRecord, _ lookups: RuleLookups?) -> DocumentRecord? {
    guard query.fieldRules.isEmpty else { return viewWithoutHiddenFields(of: record, lookups) }
    switch plan.condition.precision {
    case .exact: return record
    case .exactWithoutNUL where !Self.holdsNUL(record.body): return record
    default: break
    }
    let context = RuleContext(query.variables, document: record, lookups: lookups)
    return (query.rule?.allows(context) ?? true) && (query.filter?.allows(context) ?? true) ? record : nil
  }

  /// The rule sees the whole document; the filter sees what the caller sees.
  private func viewWithoutHiddenFields(of record: DocumentRecord, _ lookups: RuleLookups?) -> DocumentRecord? {
    let context = RuleContext(query.variables, document: record, lookups: lookups)
    guard query.rule?.allows(context) ?? true else { return nil }
    let visible = record.without(query.fieldRules.hidden(context))
    return query.filter?.allows(RuleContext(query.variables, document: visible)) ?? true ? visible : nil
  }

  /// Whether the text holds `\u0000`, or perhaps only a backslash before `u0000`.
  private static func holdsNUL(_ body: [UInt8]) -> Bool {
    body.withUnsafeBytes { body in
      guard let base = body.baseAddress else { return false }
      var position = 0
      while position < body.count, let found = memchr(base + position, Int32(UInt8(ascii: "\\")), body.count - position) {
        position = found - UnsafeMutableRawPointer(mutating: base) + 1
        if body.count - position >= 5, memcmp(base + position, "u0000", 5) == 0 { return true }
      }
      return false
    }
  }

  // MARK: For people

  var precision: QueryPlan.Precision {
    if plan.condition.precision > .superset { return .exact }
    return plan.condition.sql == nil ? .memory : .partly
  }

  /// The fields of the index that leads through the page.
  var indexFields: [String]? {
    switch plan.index {
    case nil: nil
    case .ids: ["id"]
    case .declared(let name): indexFields { $0 == name }
    }
  }

  func indexFields(where isMeant: (_ name: String) -> Bool) -> [String]? { shape.indexes.first { isMeant($0.name) }?.keys.map(\.text) }

  /// The fields of an index that will, when it is built.
  var unreadyIndex: [String]? { plan.unreadyIndex(of: shape) }

  /// The fields of an index that would.
  var fieldsToIndex: [String] { plan.fieldsToIndex }

  // MARK: When it takes too long

  var tooSlow: RoostError {
    let fields = fieldsToIndex
    let advice =
      fields.isEmpty
      ? "Narrow the filter." : "Declare the index [\(fields.map { "\"\($0)\"" }.joined(separator: ", "))] on the collection, or narrow the filter."
    return RoostError(.queryTooSlow, "The query looked at too many documents of '\(collection.name)'. \(advice)")
  }
}

extension PagePlan {
  /// What an index would have to hold to serve this page: the fields compared for equality, then those of the order.
  fileprivate var fieldsToIndex: [String] {
    let equal = condition.conjuncts.compactMap { condition -> String? in
      if case .leaf(let leaf) = condition, leaf.kind == .equality { leaf.path.joined(separator: ".") } else { nil }
    }
    let ranges = condition.conjuncts.compactMap { condition -> String? in
      if case .leaf(let leaf) = condition, leaf.kind == .range { leaf.path.joined(separator: ".") } else { nil }
    }
    let sorted = order.keys.map { ($0.isDescending ? "-" : "") + $0.path.joined(separator: ".") }
    return equal + (sorted.isEmpty ? Array(ranges.prefix(1)) : sorted)
  }
}
