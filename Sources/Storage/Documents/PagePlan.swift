import CEL
import Core

/// What a page's rules look up, and how SQL says it.
struct PageLookups {
  let documents: RuleLookups
  let tables: LookupTables

  init(reading table: String, on database: Database) {
    documents = RuleLookups(database)
    tables = LookupTables(outer: table) { name in (try? database.collectionNumber(name)).map { DocumentTable(number: $0).name } }
  }
}

/// How one page is read: the condition that SQL gets, the order, and the index that leads through both.
struct PagePlan {
  let condition: FilterCondition
  let order: PageOrder
  /// The index whose order is the page's order, so that reading can stop when the page is full; nil where rows must be sorted first.
  private(set) var index: IndexUse?
  /// It looks at no more rows than it answers, give or take rows that differ in what SQL cannot see.
  private(set) var isLight: Bool
  /// Fields that have one value in all documents that pass.
  private let constant: Set<[String]>
  /// Fields that are there in every document that passes, as far as filters say so.
  private let bounded: Set<[String]>

  enum IndexUse: Equatable {
    /// The ids' own index.
    case ids
    /// A declared one, by its name.
    case declared(String)
  }

  init(_ query: DocumentQuery, _ shape: CollectionShape, _ lookups: PageLookups?) {
    condition = Self.condition(query, shape.fields, lookups)
    let conjuncts = condition.conjuncts
    let leaves = conjuncts.compactMap { if case .leaf(let leaf) = $0 { leaf } else { nil } }
    let constant = Set(leaves.filter { $0.kind == .equality && $0.precision > .superset }.map(\.path))
    let order = PageOrder(query.sort, fields: shape.fields).without(constant)
    self.order = order
    let bounded = constant.union(leaves.filter { $0.kind != .other }.map(\.path))
    self.constant = constant
    self.bounded = bounded
    if constant.contains(["id"]) {
      // One document at most: nothing to sort.
      (index, isLight) = (.ids, true)
      return
    }
    let chosen = Self.index(for: order, constant: constant, bounded: bounded, among: shape.indexes)
    index = chosen?.use
    let isExact = conjuncts.count == leaves.count && leaves.allSatisfy { $0.precision > .superset }
    isLight = isExact && chosen.map { chosen in leaves.allSatisfy { chosen.covers($0) } } ?? false
  }

  /// What rule and filter say of the document, with everything else worked out.
  private static func condition(_ query: DocumentQuery, _ fields: FieldReader, _ lookups: PageLookups?) -> FilterCondition {
    let context = RuleContext(query.variables, lookups: lookups?.documents)
    let budget = FilterBudget()
    let evaluate = { (node: CELNode) in budget.evaluate(node, context) }
    let rule = FilterCompiler(fields: fields, lookups: lookups?.tables, evaluate: evaluate, budget: budget)
    let filter = FilterCompiler(fields: fields, guarded: query.fieldRules.guarded, evaluate: evaluate, budget: budget)
    return .conjunction(
      [query.rule.map { rule.condition($0.root, .isTrue) }, query.filter.map { filter.condition($0.root, .isTrue) }].compactMap(\.self))
  }

  var isDeclared: Bool { if case .declared? = index { true } else { false } }

  var withoutIndex: PagePlan {
    var plan = self
    plan.index = nil
    plan.isLight = false
    return plan
  }

  /// The filters' bounds on fields.
  var ranges: [FilterLeaf] {
    condition.conjuncts.compactMap { if case .leaf(let leaf) = $0, leaf.kind == .range { leaf } else { nil } }
  }

  /// The filters as SQL, for a piece of the order: where the piece begins behind the cursor, the index is to begin there too and not at
  /// the filter's own bound, which lies before it.
  func sql(in segment: PageOrder.Segment) -> SQLFragment? {
    guard let begins = segment.begins else { return condition.sql }
    let parts = condition.conjuncts.compactMap { part in
      if case .leaf(let leaf) = part, leaf.kind == .range, leaf.path == begins.path { leaf.sql(loosening: begins.side) } else { part.sql }
    }
    return parts.isEmpty ? nil : .joined(parts, by: "AND")
  }

  /// The fields of an index that would lead through the page and cannot yet.
  func unreadyIndex(of shape: CollectionShape) -> [String]? {
    guard index == nil, case .declared(let name)? = Self.index(for: order, constant: constant, bounded: bounded, among: shape.unready)?.use else { return nil }
    return shape.unready.first { $0.name == name }?.keys.map(\.text)
  }

  // MARK: Choosing an index

  private struct Choice {
    let use: IndexUse
    /// Fields that have one value.
    let constant: Set<[String]>
    /// The first field that orders: bounds on it only shorten the walk.
    let ordering: [String]

    func covers(_ leaf: FilterLeaf) -> Bool {
      switch leaf.kind {
      case .equality: constant.contains(leaf.path)
      case .range: leaf.path == ordering
      case .other: false
      }
    }
  }

  /// An index of fields that each have one value, followed by exactly the order's keys.
  /// A sparse index will do where one of its fields is bounded.
  private static func index(
    for order: PageOrder, constant: Set<[String]>, bounded: Set<[String]>, among indexes: [CollectionShape.Index]
  ) -> Choice? {
    if order.keys.isEmpty, constant.isEmpty { return Choice(use: .ids, constant: [], ordering: ["id"]) }
    var best: Choice?
    for index in indexes where index.presence == nil || index.keys.contains(where: { bounded.contains($0.path) }) {
      if index.isUnique {
        // One value of a unique field is one document.
        guard constant.contains(index.keys[0].path) else { continue }
        return Choice(use: .declared(index.name), constant: [index.keys[0].path], ordering: [])
      }
      let leading = index.keys.prefix { constant.contains($0.path) }
      guard follows(index.keys[leading.count...], index.keys.last?.isDescending ?? false, order) else { continue }
      let choice = Choice(use: .declared(index.name), constant: Set(leading.map(\.path)), ordering: order.keys.first?.path ?? ["id"])
      if best.map({ $0.constant.count < choice.constant.count }) ?? true { best = choice }
    }
    return best
  }

  /// Whether index keys, read forwards or backwards, give the order. The id comes last in both.
  private static func follows(_ keys: ArraySlice<SortKey>, _ idIsDescending: Bool, _ order: PageOrder) -> Bool {
    guard keys.count == order.keys.count, !keys.contains(where: { $0.path == ["id"] }) else { return false }
    let isBackwards = idIsDescending != order.idIsDescending
    return zip(keys, order.keys).allSatisfy { $0.path == $1.path && ($0.isDescending != $1.isDescending) == isBackwards }
  }
}
