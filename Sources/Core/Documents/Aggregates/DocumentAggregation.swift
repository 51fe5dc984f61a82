import CEL
import JSON

/// What a query asks for instead of documents: groups of those that match, and what is worked out over each.
package struct DocumentAggregation: Sendable {
  package enum Function: String, Sendable, CaseIterable {
    /// The numbers of a field; what is no number does not count.
    case sum, avg
    /// The least and the greatest value in the documents' sort order; null and missing do not count.
    case min, max
    /// How many different values there are; null and missing do not count.
    case distinct
  }

  struct Column: Sendable {
    let function: Function
    let path: [String]

    var name: String { path.joined(separator: ".") }
  }

  let groupBy: [[String]]
  let counts: Bool
  let columns: [Column]
  let having: CELExpression?
  let params: JSONObject
  let sort: [SortKey]
  let limit: Int
  let cursor: PageCursor?
  /// Each row is a group's only value and nothing else.
  let isDistinct: Bool

  /// Whether no document needs to be looked into.
  package var countsOnly: Bool { groupBy.isEmpty && columns.isEmpty }

  /// Every field that it reads.
  var paths: [[String]] { groupBy + columns.map(\.path) }
}

/// The parts of a query that make it an aggregation, as callers write them.
package struct AggregationRequest: Sendable {
  private let aggregate: JSONObject?
  private let groupBy: [JSONValue]?
  private let distinct: String?
  private let having: String?

  /// Nil if the query asks for documents. Throws `validation_failed`.
  package init?(_ reader: inout ConfigurationReader) throws {
    aggregate = try reader.object("aggregate")
    groupBy = try reader.array("groupBy")
    distinct = try reader.string("distinct")
    having = try reader.string("having")
    guard aggregate != nil || groupBy != nil || distinct != nil else {
      guard having == nil else { throw Self.wrong("/having", "`having` is for `aggregate` or `groupBy`.", "left out") }
      return nil
    }
    guard distinct == nil || aggregate == nil && groupBy == nil && having == nil else {
      throw Self.wrong("/distinct", "`distinct` stands alone; with `groupBy` say it in `aggregate`.", #"{"aggregate": {"distinct": ["…"]}}"#)
    }
  }

  /// Throws `validation_failed`, `expression_invalid` or `bad_request`.
  package func aggregation(params: JSONObject, sort: [SortKey], limit: Int, cursor: String?) throws -> DocumentAggregation {
    let groups = try distinct.map { [try Self.path(.string($0), "/distinct")] } ?? Self.paths(groupBy ?? [], "/groupBy", Limits.sortKeysMax)
    var columns: [DocumentAggregation.Column] = []
    var counts = false
    for (name, value) in aggregate ?? [:] {
      if name == "count", let flag = value.boolValue {
        counts = flag
        continue
      }
      guard let function = DocumentAggregation.Function(rawValue: name) else {
        throw Self.wrong(
          "/aggregate/\(name.pointerSegment)", "There is no aggregate '\(name.prefix(64))' of that form.",
          #""count": true, or a list of fields for sum, avg, min, max or distinct"#)
      }
      guard let fields = value.arrayValue else { throw Self.wrong("/aggregate/\(name)", "`\(name)` is a list of fields.", #"like ["price"]"#) }
      columns += try Self.paths(fields, "/aggregate/\(name)", Limits.aggregateColumnsMax).map { .init(function: function, path: $0) }
    }
    guard columns.count <= Limits.aggregateColumnsMax else {
      throw Self.wrong("/aggregate", "There are \(columns.count) aggregates.", "at most \(Limits.aggregateColumnsMax)")
    }
    guard distinct != nil || counts || !columns.isEmpty || !groups.isEmpty else {
      throw Self.wrong("/aggregate", "There is nothing to work out.", #"such as {"count": true}"#)
    }
    let having = try having.map { source in
      try ExpressionKind.compile(source, in: Self.environment(groups, counts, columns), expecting: .bool, pointer: "/having")
    }
    let known = Self.sortable(groups, counts, columns)
    // The values of a field are sorted by themselves: there is one name only.
    let sort = distinct == nil ? sort : sort.map { $0.path == groups[0] ? SortKey(path: ["group"] + $0.path, isDescending: $0.isDescending) : $0 }
    for key in sort where !known.contains(key.path.joined(separator: ".")) {
      throw RoostError(
        .badRequest,
        "'\(key.path.joined(separator: ".").prefix(80))' is not a part of a group to sort by: expected one of \(known.sorted().joined(separator: ", ")).")
    }
    return DocumentAggregation(
      groupBy: groups, counts: counts, columns: columns, having: having, params: params, sort: sort, limit: limit,
      cursor: try cursor.map { try PageCursor(parsing: $0, sort: sort) }, isDistinct: distinct != nil)
  }

  private static func sortable(_ groups: [[String]], _ counts: Bool, _ columns: [DocumentAggregation.Column]) -> Set<String> {
    Set(groups.map { "group." + $0.joined(separator: ".") } + columns.map { $0.function.rawValue + "." + $0.name } + (counts ? ["count"] : []))
  }

  private static func paths(_ names: [JSONValue], _ pointer: String, _ most: Int) throws -> [[String]] {
    guard names.count <= most else { throw wrong(pointer, "There are \(names.count) fields.", "at most \(most)") }
    let paths = try names.enumerated().map { try path($0.element, "\(pointer)/\($0.offset)") }
    guard Set(paths).count == paths.count else { throw wrong(pointer, "A field stands twice.", "each field once") }
    return paths
  }

  /// Fields are named as in `sort`.
  private static func path(_ name: JSONValue, _ pointer: String) throws -> [String] {
    guard let text = name.stringValue, !text.hasPrefix("-"), let key = try? SortKey(parsing: text) else {
      throw wrong(pointer, "A field to aggregate is a name.", "expected a name like \"author\" or \"address.city\"")
    }
    return key.path
  }

  private static func wrong(_ pointer: String, _ message: String, _ expected: String) -> RoostError {
    RoostError(.validationFailed, message, fields: [FieldError(pointer, expected.hasPrefix("expected") ? expected : "expected \(expected)")])
  }

  /// `having` sees a row as it is answered, and `params`.
  private static func environment(_ groups: [[String]], _ counts: Bool, _ columns: [DocumentAggregation.Column]) -> CELEnvironment {
    var row: [String: CELType] = [:]
    if !groups.isEmpty { row["group"] = .object(Dictionary(uniqueKeysWithValues: groups.map { ($0.joined(separator: "."), .dyn) }), open: false) }
    if counts { row["count"] = .int }
    for function in DocumentAggregation.Function.allCases {
      let named = columns.filter { $0.function == function }.map { ($0.name, CELType.dyn) }
      if !named.isEmpty { row[function.rawValue] = .object(Dictionary(uniqueKeysWithValues: named), open: false) }
    }
    return CELEnvironment(
      variables: ["row": .object(row, open: false), "params": .map(.string, .dyn)], fieldsOf: "row",
      reserving: ["auth", "request", "document", "incoming", "file", "event"])
  }
}

extension DocumentAccess {
  /// The documents that this caller's aggregation is about. Throws `unauthenticated` or `forbidden`, also for a field that the caller does not
  /// always see: a group or a sum would tell of its values.
  package func query(of aggregation: DocumentAggregation, filter: CELExpression?, params: RuleVariables) throws -> DocumentQuery {
    let query = try query(filter: filter, params: params, sort: [], limit: Limits.pageItemsMax, cursor: nil)
    guard caller.passesRules || !aggregation.paths.contains(where: { collection.fieldRules.guarded.contains($0[0]) }) else {
      let hidden = aggregation.paths.filter { collection.fieldRules.guarded.contains($0[0]) }.map { "'\($0.joined(separator: "."))'" }
      throw RoostError(.forbidden, "'\(collection.name)' cannot be aggregated by \(hidden[0]): not everybody may see that field.")
    }
    return query
  }
}
