import CEL
import JSON

/// Works out an aggregation over documents, one after the other. There is no other definition of the functions: what SQL can say is which
/// documents these are.
package struct DocumentAggregator {
  private let aggregation: DocumentAggregation
  /// The fields that functions read, each once.
  private let fields: [[String]]
  /// For each kind of state, the field that it is about.
  private let summed: [Int]
  private let ranged: [Int]
  private let distinct: [Int]

  /// The group of each key, which is the JSON text of the group's values.
  private var places: [[UInt8]: Int] = [:]
  private var keys: [[UInt8]] = []
  private var counts: [Int64] = []
  // As many for each group as there are fields of that kind.
  private var sums: [NumberSum] = []
  private var least: [OrderedValue?] = []
  private var greatest: [OrderedValue?] = []
  private var values: [Set<[UInt8]>] = []
  private var bytes = 0
  private var key: [UInt8] = []
  private var element: [UInt8] = []

  package init(_ aggregation: DocumentAggregation) {
    self.aggregation = aggregation
    var fields: [[String]] = []
    for column in aggregation.columns where !fields.contains(column.path) { fields.append(column.path) }
    self.fields = fields
    func about(_ functions: DocumentAggregation.Function...) -> [Int] {
      fields.indices.filter { place in aggregation.columns.contains { functions.contains($0.function) && $0.path == fields[place] } }
    }
    summed = about(.sum, .avg)
    ranged = about(.min, .max)
    distinct = about(.distinct)
    // Without groups there is one row, also of nothing.
    if aggregation.groupBy.isEmpty { _ = group(Array("[]".utf8)) }
  }

  // MARK: Taking in documents

  /// Throws `query_too_slow` where there are more groups or values than are kept.
  package mutating func add(_ document: DocumentRecord) throws {
    try document.body.withUnsafeBufferPointer { body in try add(document, body) }
  }

  /// As many documents, for an aggregation that only counts.
  package mutating func add(count: Int) { counts[0] += Int64(count) }

  private mutating func add(_ document: DocumentRecord, _ body: UnsafeBufferPointer<UInt8>) throws {
    let group = aggregation.groupBy.isEmpty ? 0 : group(of: document, body)
    counts[group] += 1
    for (slot, field) in summed.enumerated() {
      document.withValue(at: fields[field], body) { sums[group * summed.count + slot].add(text: $0) }
    }
    for (slot, field) in ranged.enumerated() {
      document.withValue(at: fields[field], body) { text in
        guard let text, text.first != UInt8(ascii: "n"), let json = try? JSONValue(parsing: text) else { return }
        let value = OrderedValue(CanonicalJSON.normalized(json))
        let place = group * ranged.count + slot
        if least[place].map({ value < $0 }) ?? true { Self.keep(value, in: &least[place], &bytes) }
        if greatest[place].map({ value > $0 }) ?? true { Self.keep(value, in: &greatest[place], &bytes) }
      }
    }
    for (slot, field) in distinct.enumerated() {
      element.removeAll(keepingCapacity: true)
      document.withValue(at: fields[field], body) { text in
        if let text, text.first != UInt8(ascii: "n") { CanonicalJSON.append(text, to: &element) }
      }
      if !element.isEmpty, values[group * distinct.count + slot].insert(element).inserted { bytes += element.count + 64 }
    }
    guard keys.count <= Limits.aggregateGroupsMax, bytes <= Limits.aggregateBytesMax else {
      throw RoostError(
        .queryTooSlow,
        "There are more than \(Limits.aggregateGroupsMax) groups, or more than \(Limits.aggregateBytesMax >> 20) MiB of different values. Narrow the filter.")
    }
  }

  private static func keep(_ value: OrderedValue, in place: inout OrderedValue?, _ bytes: inout Int) {
    bytes += value.byteCount - (place?.byteCount ?? 0)
    place = value
  }

  private mutating func group(of document: DocumentRecord, _ body: UnsafeBufferPointer<UInt8>) -> Int {
    key.removeAll(keepingCapacity: true)
    for (position, path) in aggregation.groupBy.enumerated() {
      key.append(UInt8(ascii: position == 0 ? "[" : ","))
      document.withValue(at: path, body) { text in
        if let text { CanonicalJSON.append(text, to: &key) } else { key.append(contentsOf: "null".utf8) }
      }
    }
    key.append(UInt8(ascii: "]"))
    return places[key] ?? group(key)
  }

  private mutating func group(_ key: [UInt8]) -> Int {
    let place = keys.count
    places[key] = place
    keys.append(key)
    counts.append(0)
    sums += Array(repeating: NumberSum(), count: summed.count)
    least += Array(repeating: nil, count: ranged.count)
    greatest += Array(repeating: nil, count: ranged.count)
    values += Array(repeating: [], count: distinct.count)
    bytes += key.count + 128 + 64 * fields.count
    return place
  }

  // MARK: The rows

  /// The groups for which `having` holds, in their order, as far as the limit goes. Throws `evaluation_error` for a number that no double
  /// holds, and `query_too_slow` when the time is over.
  package func page(isOver: () -> Bool) throws -> AggregatePage {
    var places: [Place] = []
    for group in keys.indices {
      if aggregation.having != nil || group & 255 == 255, isOver() { throw Self.tooSlow }
      if try isWanted(group) { places.append(try place(of: group)) }
    }
    let total = places.count
    if let cursor = aggregation.cursor {
      let end = try Place(cursor, groupBy: aggregation.groupBy.count)
      places = places.filter { follows($0, end) }
    }
    places.sort { follows($1, $0) }
    let page = places.prefix(aggregation.limit)
    var next: PageCursor?
    if places.count > page.count, let last = page.last {
      next = PageCursor(values: last.order.map(\.json), id: String(decoding: keys[last.group], as: UTF8.self))
    }
    return AggregatePage(
      rows: try page.map { aggregation.isDistinct ? $0.values[0].json : .object(try row(of: $0.group)) },
      next: next?.text(sort: aggregation.sort), total: total)
  }

  private static var tooSlow: RoostError { RoostError(.queryTooSlow, "Working out the groups took too long. Narrow the filter.") }

  private func isWanted(_ group: Int) throws -> Bool {
    guard let having = aggregation.having else { return true }
    return having.allows(["row": CELValue(.object(try row(of: group))), "params": CELValue(.object(aggregation.params))])
  }

  /// Where a group stands among the others: by what it is sorted by, then by its values, which no other group has.
  private struct Place {
    /// Of a cursor there may be none any more.
    var group = -1
    let values: [OrderedValue]
    let order: [OrderedValue]

    init(group: Int, values: [OrderedValue], order: [OrderedValue]) {
      self.group = group
      self.values = values
      self.order = order
    }

    init(_ cursor: PageCursor, groupBy count: Int) throws {
      guard let values = try? JSONValue(parsing: Array(cursor.id.utf8)).arrayValue, values.count == count else {
        throw RoostError(.badRequest, "`cursor` belongs to other groups: send the same `groupBy` with it.")
      }
      self.init(group: -1, values: values.map(OrderedValue.init), order: cursor.values.map(OrderedValue.init))
    }
  }

  private func follows(_ place: Place, _ other: Place) -> Bool {
    for (position, key) in aggregation.sort.enumerated() {
      let order = OrderedValue.compare(place.order[position], other.order[position])
      if order != 0 { return (order > 0) != key.isDescending }
    }
    for (value, otherValue) in zip(place.values, other.values) {
      let order = OrderedValue.compare(value, otherValue)
      if order != 0 { return order > 0 }
    }
    return false
  }

  private func place(of group: Int) throws -> Place {
    let values = values(of: group)
    let order = try aggregation.sort.map { key -> OrderedValue in
      let name = key.path.dropFirst().joined(separator: ".")
      switch key.path[0] {
      case "count": return OrderedValue(.int(counts[group]))
      case "group": return OrderedValue(aggregation.groupBy.firstIndex { $0.joined(separator: ".") == name }.map { values[$0] } ?? .null)
      case let function:
        return OrderedValue(try aggregation.columns.first { $0.function.rawValue == function && $0.name == name }.map { try value($0, group) } ?? .null)
      }
    }
    return Place(group: group, values: values.map(OrderedValue.init), order: order)
  }

  /// What the documents of a group have in common.
  private func values(of group: Int) -> [JSONValue] { (try? JSONValue(parsing: keys[group]).arrayValue) ?? [] }

  private func row(of group: Int) throws -> JSONObject {
    var row = JSONObject()
    if !aggregation.groupBy.isEmpty {
      row["group"] = .object(JSONObject(zip(aggregation.groupBy.map { $0.joined(separator: ".") }, values(of: group)).map { ($0, $1) }))
    }
    if aggregation.counts { row["count"] = .int(counts[group]) }
    for function in DocumentAggregation.Function.allCases {
      let columns = aggregation.columns.filter { $0.function == function }
      if !columns.isEmpty { row[function.rawValue] = .object(JSONObject(try columns.map { ($0.name, try value($0, group)) })) }
    }
    return row
  }

  private func value(_ column: DocumentAggregation.Column, _ group: Int) throws -> JSONValue {
    func slot(_ fields: [Int]) -> Int { group * fields.count + (fields.firstIndex { self.fields[$0] == column.path } ?? 0) }
    switch column.function {
    case .sum:
      let sum = sums[slot(summed)]
      return try sum.exactSum.map(JSONValue.int) ?? Self.number(sum.sum, column)
    case .avg: return try sums[slot(summed)].average.map { try Self.number($0, column) } ?? .null
    case .min: return least[slot(ranged)]?.json ?? .null
    case .max: return greatest[slot(ranged)]?.json ?? .null
    case .distinct: return .int(Int64(values[slot(distinct)].count))
    }
  }

  private static func number(_ number: Double, _ column: DocumentAggregation.Column) throws -> JSONValue {
    guard number.isFinite else {
      throw RoostError(
        .evaluationError, "The \(column.function.rawValue) of '\(column.name)' is larger than any number.",
        fields: [FieldError("/aggregate/\(column.function.rawValue)", "expected smaller numbers in '\(column.name)'")])
    }
    return JSONValue(number: number)
  }
}

/// Rows of an aggregation, as they are answered.
package struct AggregatePage: Sendable {
  package let rows: [JSONValue]
  /// The cursor to go on from, as text.
  package let next: String?
  /// How many rows there are on all pages together.
  package let total: Int
}

extension NumberSum {
  /// Adds what the text of a JSON value is worth, if it is a number.
  fileprivate mutating func add(text: UnsafeBufferPointer<UInt8>?) {
    guard let text, let first = text.first, first == UInt8(ascii: "-") || first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9") else { return }
    if let number = CanonicalJSON.shortInteger(text) { return add(number) }
    switch try? JSONValue(parsing: text) {
    case .int(let number): add(number)
    case .double(let number): add(number)
    default: break
    }
  }
}

extension DocumentRecord {
  /// The text of the value at that path, as callers see the document; nil if there is none.
  func withValue(at path: [String], _ body: UnsafeBufferPointer<UInt8>, _ take: (UnsafeBufferPointer<UInt8>?) -> Void) {
    let own: JSONValue
    switch path[0] {
    case "id": own = .string(id)
    case "version": own = .int(version)
    case "createdAt": own = .string(created.text)
    case "updatedAt": own = .string(updated.text)
    default:
      let range = JSONText.value(at: path, in: body)
      return take(range.map { UnsafeBufferPointer(rebasing: body[$0]) })
    }
    // Ours hold no fields of their own.
    guard path.count == 1 else { return take(nil) }
    own.bytes().withUnsafeBufferPointer { take($0) }
  }
}
