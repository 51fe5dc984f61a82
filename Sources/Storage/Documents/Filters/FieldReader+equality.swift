import CEL

/// Equality as CEL has it, said in SQL.
///
/// What `json_extract` gives is less than what the document holds: `true` is 1, an object or array is its JSON text, `null` is like
/// missing, a text ends at its first `\u0000`, and a number with a fraction may be off in its last bit. So the type is asked for
/// wherever two values could be mixed up, bounds are widened where a bit matters, and the rest is left to be looked at in memory.
extension FieldReader {
  func condition(_ field: DocumentField, equals value: CELValue) -> FilterCondition {
    if let column = field.column { return condition(column, field, equals: value) }
    switch value {
    case .string(let text): return equalsText(field, text)
    case .bool(let flag):
      return leaf(field, .equality, self.value(field.path) + SQLFragment(" = ?", [SQLValue(flag)]) + " AND " + isType(field, flag ? "true" : "false"), .exact)
    case .null: return leaf(field, .other, isType(field, "null"), .exact)
    case .list: return leaf(field, .other, isType(field, "array"), .superset)
    case .map: return leaf(field, .other, isType(field, "object"), .superset)
    case .int, .uint, .double: return equalsNumber(field, value)
    // No document holds anything that equals these.
    case .bytes, .timestamp, .duration, .type, .optional: return .never
    }
  }

  /// The field is there and has another value.
  func condition(_ field: DocumentField, differsFrom value: CELValue) -> FilterCondition {
    if let column = field.column { return condition(column, field, differsFrom: value) }
    let expression = self.value(field.path)
    switch value {
    case .string(let text):
      guard !text.utf8.contains(0) else { return present(field, .superset) }
      // A text that was cut off may look the same and yet differ.
      let differs = SQLFragment.joined(
        [expression + SQLFragment(" IS NOT ?", [.text(text)]), type(field.path) + " IS NOT 'text'", Self.holdsNUL], by: "OR")
      return leaf(field, .other, .joined([type(field.path) + " IS NOT NULL", differs], by: "AND"), .exactWithoutNUL)
    case .bool(let flag): return leaf(field, .other, type(field.path) + " <> '\(flag)'", .exact)
    case .null: return leaf(field, .other, type(field.path) + " <> 'null'", .exact)
    case .list, .map: return present(field, .superset)
    case .int, .uint, .double:
      guard let number = SQLNumber(value) else { return present(field, .exact) }
      guard number.isSafe else { return present(field, .superset) }
      let differs = SQLFragment.joined(
        [expression + SQLFragment(" IS NOT ?", [number.value]), type(field.path) + " NOT IN ('integer', 'real')"], by: "OR")
      return leaf(field, .other, .joined([type(field.path) + " IS NOT NULL", differs], by: "AND"), .exact)
    case .bytes, .timestamp, .duration, .type, .optional: return present(field, .exact)
    }
  }

  func condition(_ field: DocumentField, isIn values: [CELValue], _ question: FilterCompiler.Question) -> FilterCondition {
    guard values.count <= Self.listMax else { return .unknown }
    if question == .isFalse {
      // Even in an empty list a field must be there to be looked for.
      return .conjunction([present(field, .exact)] + values.map { condition(field, differsFrom: $0) })
    }
    let parts = values.map { condition(field, equals: $0) }
    // One IN leads an index to each value; it says the same as the parts where those need no look at the type.
    let texts = values.compactMap { if case .string(let text) = $0, !Self.needsType(text), !text.utf8.contains(0) { SQLValue.text(text) } else { nil } }
    if values.count > 1, texts.count == values.count, field.column == nil || field.column == .id {
      let marks = Array(repeating: "?", count: texts.count).joined(separator: ", ")
      return leaf(field, .other, value(field.path) + SQLFragment(" IN (\(marks))", texts), field.column == nil ? .exactWithoutNUL : .exact)
    }
    return .disjunction(parts)
  }

  /// A list longer than this is gone through in memory.
  private static let listMax = 200

  // MARK: Texts and numbers

  private func equalsText(_ field: DocumentField, _ text: String) -> FilterCondition {
    let bytes = Array(text.utf8)
    let cut = Array(bytes.prefix { $0 != 0 })
    var sql = value(field.path) + SQLFragment(" = ?", [.utf8(cut)])
    if Self.needsType(text) { sql = sql + " AND " + isType(field, "text") }
    return leaf(field, .equality, sql, cut.count < bytes.count ? .superset : .exactWithoutNUL)
  }

  private func equalsNumber(_ field: DocumentField, _ value: CELValue) -> FilterCondition {
    guard let number = SQLNumber(value) else { return .never }
    let expression = self.value(field.path)
    guard number.isSafe else {
      return range(field, expression + SQLFragment(" >= ?", [number.below]), expression + SQLFragment(" <= ?", [number.above]), nil, .superset)
    }
    var sql = expression + SQLFragment(" = ?", [number.value])
    if number.isZeroOrOne { sql = sql + " AND " + isNumber(field) }
    return leaf(field, .equality, sql, .exact)
  }

  // MARK: Our own fields

  private func condition(_ column: DocumentField.Column, _ field: DocumentField, equals value: CELValue) -> FilterCondition {
    switch (column, value) {
    case (.id, .string(let text)) where !text.utf8.contains(0): leaf(field, .equality, SQLFragment("id = ?", [.text(text)]), .exact)
    case (.version, .int), (.version, .uint), (.version, .double):
      SQLNumber(value).map { leaf(field, .equality, SQLFragment("version = ?", [$0.value]), .exact) } ?? .never
    case (.created, .string(let text)), (.updated, .string(let text)):
      TimestampText.exactly(text).map { leaf(field, .equality, SQLFragment("\(column.rawValue) = ?", [.int($0)]), .exact) } ?? .never
    // Whatever else the expression language may hold a time to be.
    case (.created, .timestamp), (.updated, .timestamp): .unknown
    default: .never
    }
  }

  private func condition(_ column: DocumentField.Column, _ field: DocumentField, differsFrom value: CELValue) -> FilterCondition {
    switch condition(column, field, equals: value) {
    case .leaf(let leaf): self.leaf(field, .other, "NOT (" + leaf.sql + ")", leaf.precision)
    case .never: .always
    default: .unknown
    }
  }

  // MARK: Parts

  func leaf(_ field: DocumentField, _ kind: FilterLeaf.Kind, _ sql: SQLFragment, _ precision: FilterPrecision) -> FilterCondition {
    .leaf(FilterLeaf(path: field.path, kind: kind, rest: sql, precision: precision))
  }

  func range(
    _ field: DocumentField, _ lower: SQLFragment?, _ upper: SQLFragment?, _ rest: SQLFragment?, _ precision: FilterPrecision
  ) -> FilterCondition {
    .leaf(FilterLeaf(path: field.path, kind: .range, lower: lower, upper: upper, rest: rest, precision: precision))
  }

  func isType(_ field: DocumentField, _ name: String) -> SQLFragment { type(field.path) + " = '\(name)'" }

  func isNumber(_ field: DocumentField) -> SQLFragment { type(field.path) + " IN ('integer', 'real')" }

  func present(_ field: DocumentField, _ precision: FilterPrecision) -> FilterCondition {
    guard field.column == nil else { return precision == .exact ? .always : .unknown }
    return leaf(field, .other, type(field.path) + " IS NOT NULL", precision)
  }

  /// An object's or array's JSON text could equal such a text.
  static func needsType(_ text: String) -> Bool { text.utf8.first == UInt8(ascii: "{") || text.utf8.first == UInt8(ascii: "[") }

  static let holdsNUL = SQLFragment("instr(body, ?) > 0", [.text(#"\u0000"#)])
}
