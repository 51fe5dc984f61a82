import CEL
import Core
import JSON
import TestKit
import Testing

@testable import Storage

/// Counts and groups are of the same documents as pages, whatever of the filter SQL can say.
@Suite("Counts and aggregates")
struct AggregateTests {
  private static let indexes: JSONValue = [["fields": ["a"]], ["fields": ["b", "-c"]], ["fields": ["o.x", "a"]]]

  @Test("Generated filters and groups over generated documents agree with looking at each document", arguments: [21, 22, 23, 24] as [UInt64])
  func agreement(seed: UInt64) async throws {
    var chance = SeededRandom(seed: seed)
    let store = try await TestStorage()
    let things = try await store.collection(indexes: seed % 2 == 0 ? Self.indexes : [])
    var records: [DocumentRecord] = []
    for _ in 0..<120 { records.append(try await store.create(text: FilterChance.document(&chance), in: things)) }
    var precisions: Set<QueryPlan.Precision> = []
    for round in 0..<200 {
      let source = FilterChance.expression(&chance, depth: 2)
      guard let filter = try? ExpressionKind.filter.compile(source, pointer: "") else { continue }
      let matching = records.filter { filter.allows(RuleContext(.test(.anonymous), document: $0)) }
      let what = "seed \(seed), round \(round): \(source)"
      let query = DocumentQuery(filter: filter, variables: .test(.anonymous), sort: [], limit: 3, cursor: nil)
      let page = try await store.documents.page(query, with: PageExtras(counts: true, expansion: nil), in: things)
      #expect(page.total == .exactly(matching.count), "\(what)")
      #expect(page.items.count == min(3, matching.count))
      precisions.insert(try await store.documents.plan(query, in: things).precision)
      let fields = ["a", "b", "c", "flag", "o.x", "o", "none"]
      let groups = (0..<chance.next() % 3).map { _ in FilterChance.pick(fields, &chance) }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      let field = FilterChance.pick(fields, &chance)
      let rows = try await store.rows(Self.request(groups, field), filter: filter, in: things)
      let expected = Self.expected(groups, field, of: matching)
      #expect(rows.count == expected.count, "\(what), groups \(groups)")
      for row in rows {
        let key = groups.map { row["group"]?[$0] ?? .null }
        #expect(Self.summary(row, field) == expected[key], "\(what), groups \(groups), group \(key), field \(field)")
      }
    }
    #expect(precisions.count == 3, "\(precisions)")
  }

  private static func request(_ groups: [String], _ field: String) -> JSONValue {
    let fields: JSONValue = .array([.string(field)])
    return [
      "groupBy": .array(groups.map(JSONValue.string)),
      "aggregate": ["count": true, "sum": fields, "avg": fields, "min": fields, "max": fields, "distinct": fields],
    ]
  }

  /// One row. The sum may differ in its last bits from one that was rounded on the way.
  private struct Summary: Equatable {
    let count: JSONValue?
    let sum: Double
    var sumOfSizes = 0.0
    let least: JSONValue
    let greatest: JSONValue
    let distinct: JSONValue?

    static func == (left: Summary, right: Summary) -> Bool {
      left.count == right.count && left.least == right.least && left.greatest == right.greatest && left.distinct == right.distinct
        && (left.sum - right.sum).magnitude <= 1e-12 * max(left.sumOfSizes, right.sumOfSizes)
    }
  }

  private static func summary(_ row: JSONValue, _ field: String) -> Summary {
    Summary(
      count: row["count"], sum: row["sum"]?[field]?.number ?? .nan, least: row["min"]?[field] ?? "none", greatest: row["max"]?[field] ?? "none",
      distinct: row["distinct"]?[field])
  }

  /// The same, written down naively.
  private static func expected(_ groups: [String], _ field: String, of records: [DocumentRecord]) -> [[JSONValue]: Summary] {
    var members: [[JSONValue]: [JSONValue]] = groups.isEmpty ? [[]: []] : [:]
    for record in records {
      members[groups.map { record.value($0).normal }, default: []].append(record.value(field).normal)
    }
    return members.mapValues { values in
      let present = values.filter { $0 != .null }
      let numbers = present.compactMap(\.number)
      let sorted = present.sorted { $0.sortsBefore($1) }
      return Summary(
        count: .int(Int64(values.count)), sum: numbers.reduce(0, +), sumOfSizes: numbers.reduce(0) { $0 + $1.magnitude },
        least: sorted.first ?? .null, greatest: sorted.last ?? .null, distinct: .int(Int64(Set(present).count)))
    }
  }

  @Test("The result does not depend on the order in which documents come", arguments: [31, 32, 33, 34, 35, 36] as [UInt64])
  func order(seed: UInt64) throws {
    var chance = SeededRandom(seed: seed)
    let request = Self.request(["b"], "a")
    let aggregation = try Self.aggregation(request)
    var records = (0..<300).map { number in
      DocumentRecord(
        id: "\(number)", version: 1, created: Timestamp(milliseconds: 0), updated: Timestamp(milliseconds: 0), body: Array(FilterChance.document(&chance).utf8))
    }
    var results: Set<[JSONValue]> = []
    for _ in 0..<8 {
      var aggregator = DocumentAggregator(aggregation)
      for record in records { try aggregator.add(record) }
      results.insert(try aggregator.page { false }.rows)
      records.shuffle(using: &chance)
    }
    #expect(results.count == 1, "seed \(seed)")
  }

  static func aggregation(_ request: JSONValue, sort: String? = nil, limit: Int = 1000, cursor: String? = nil) throws -> DocumentAggregation {
    var reader = try ConfigurationReader(request, of: "query")
    guard let parsed = try AggregationRequest(&reader) else { throw RoostError(.internal, "no aggregation") }
    return try parsed.aggregation(params: [:], sort: sort.map { try SortKey.parse($0) } ?? [], limit: limit, cursor: cursor)
  }

  @Test("Groups have the order of the documents' own sort")
  func sortOrder() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let values = ["null", "-1e300", "-5", "false", "0.5", "true", "7", "9007199254740993", "1e300", #""""#, #""Z""#, #""a""#, #""é""#]
    for value in values.shuffled() { try await store.create(text: #"{"a":\#(value)}"#, in: things) }
    let sorted = try await store.page(sort: "a", in: things).items.map { $0.value("a") }
    let rows = try await store.rows(["distinct": "a"], filter: nil, in: things)
    #expect(rows.map(\.normal) == sorted.map(\.normal))
    #expect(rows.map(\.text) == ["null", "-1e+300", "-5", "false", "0.5", "true", "7", "9007199254740993", "1e+300", #""""#, #""Z""#, #""a""#, #""é""#])
  }

  @Test("Pages of groups follow one another without gap or repetition", arguments: [41, 42, 43] as [UInt64])
  func pages(seed: UInt64) async throws {
    var chance = SeededRandom(seed: seed)
    let store = try await TestStorage()
    let things = try await store.collection()
    for _ in 0..<200 { try await store.create(text: FilterChance.document(&chance), in: things) }
    for sort in [nil, "count", "-count", "-group.a", "max.b,-count", "-sum.b", "group.b,group.a"] as [String?] {
      let request: JSONValue = ["groupBy": ["a", "b"], "aggregate": ["count": true, "max": ["b"], "sum": ["b"]]]
      let whole = try await store.rows(request, sort: sort, filter: nil, in: things)
      var found: [JSONValue] = []
      var cursor: String?
      repeat {
        let aggregation = try Self.aggregation(request, sort: sort, limit: Int(1 + chance.next() % 9), cursor: cursor)
        let query = DocumentQuery(filter: nil, variables: .test(.anonymous), sort: [], limit: 1, cursor: nil)
        let page = try await store.documents.aggregate(query, as: aggregation, in: things)
        #expect(page.total == whole.count)
        found += page.rows
        cursor = page.next
      } while cursor != nil && found.count <= whole.count
      #expect(found == whole, "seed \(seed), sort \(sort ?? "none")")
    }
  }

  @Test("More groups or values than are kept are refused")
  func bounds() throws {
    let request: JSONValue = ["groupBy": ["a"]]
    var aggregator = DocumentAggregator(try Self.aggregation(request))
    func record(_ body: String) -> DocumentRecord {
      DocumentRecord(id: "x", version: 1, created: Timestamp(milliseconds: 0), updated: Timestamp(milliseconds: 0), body: Array(body.utf8))
    }
    for number in 0..<Limits.aggregateGroupsMax { try aggregator.add(record(#"{"a":\#(number)}"#)) }
    #expect(throws: RoostError.self) { try aggregator.add(record(#"{"a":"one more"}"#)) }
    var values = DocumentAggregator(try Self.aggregation(["aggregate": ["distinct": ["a"]]]))
    let text = String(repeating: "x", count: 1 << 20)
    #expect(throws: RoostError.self) { for number in 0..<33 { try values.add(record(#"{"a":"\#(number)\#(text)"}"#)) } }
    // The time counts too.
    #expect(throws: RoostError.self) { try aggregator.page { true } }
  }
}

extension TestStorage {
  fileprivate func rows(_ request: JSONValue, sort: String? = nil, filter: CELExpression?, in collection: Collection) async throws -> [JSONValue] {
    let query = DocumentQuery(filter: filter, variables: .test(.anonymous), sort: [], limit: 1, cursor: nil)
    return try await documents.aggregate(query, as: try AggregateTests.aggregation(request, sort: sort), in: collection).rows
  }
}

extension DocumentRecord {
  fileprivate func value(_ path: String) -> JSONValue {
    let body = (try? JSONValue(parsing: body)) ?? .null
    return path.split(separator: ".").reduce(body) { value, name in value[String(name)] ?? .null }
  }
}

extension JSONValue {
  fileprivate var number: Double? {
    switch self {
    case .int(let number): Double(number)
    case .double(let number): number
    default: nil
    }
  }

  /// With `1.0` and `1` the same, also inside.
  fileprivate var normal: JSONValue {
    switch self {
    case .double(let number): Int64(exactly: number).map(JSONValue.int) ?? self
    case .array(let elements): .array(elements.map(\.normal))
    case .object(let members):
      .object(JSONObject(members.map { ($0.key, $0.value.normal) }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }))
    default: self
    }
  }

  /// Numbers with false and true, then text with lists and objects as their JSON text.
  fileprivate func sortsBefore(_ other: JSONValue) -> Bool {
    func place(_ value: JSONValue) -> (kind: Int, number: Double, whole: Int64, text: [UInt8], rank: Int) {
      switch value {
      case .null: (0, 0, 0, [], 0)
      case .int(let number): (1, Double(number), number, [], 0)
      case .double(let number): (1, number, number > 0 ? .max : .min, [], 0)
      case .bool(let flag): (1, flag ? 1 : 0, flag ? 1 : 0, [], 1)
      case .string(let text): (2, 0, 0, Array(text.utf8), 0)
      case .array, .object: (2, 0, 0, value.bytes(), 1)
      }
    }
    let (left, right) = (place(self), place(other))
    if left.kind != right.kind { return left.kind < right.kind }
    if left.number != right.number { return left.number < right.number }
    if left.whole != right.whole { return left.whole < right.whole }
    if left.text != right.text { return left.text.lexicographicallyPrecedes(right.text) }
    return left.rank < right.rank
  }
}
