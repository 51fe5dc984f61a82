import CEL

/// `<`, `<=`, `>`, `>=`, `startsWith`, `has` and `in`, said in SQL.
extension FieldReader {
  /// The field is of the value's kind and stands in that order to it.
  func condition(_ field: DocumentField, _ sign: CELBinaryOperator, _ value: CELValue) -> FilterCondition {
    if let column = field.column { return condition(column, field, sign, value) }
    switch value {
    case .string(let text): return ordersText(field, sign, text)
    case .int, .uint, .double: return ordersNumber(field, sign, value)
    case .bool: return .unknown
    // Documents hold nothing that could be compared with these.
    case .null, .list, .map, .bytes, .timestamp, .duration, .type, .optional: return .never
    }
  }

  private func ordersText(_ field: DocumentField, _ sign: CELBinaryOperator, _ text: String) -> FilterCondition {
    let expression = value(field.path)
    let bytes = Array(text.utf8)
    let cut = Array(bytes.prefix { $0 != 0 })
    let wasCut = cut.count < bytes.count
    let bound = SQLValue.utf8(cut)
    // Objects and arrays are texts to SQL.
    let isText = isType(field, "text")
    switch sign {
    case .less, .lessOrEqual:
      let upper = expression + SQLFragment(sign == .less && !wasCut ? " < ?" : " <= ?", [bound])
      // Numbers come before all texts. A document's text that was cut off and is less than the bound is less in full, too; if it equals
      // the bound it is greater.
      return range(field, expression + " >= ''", upper, isText, wasCut ? .superset : sign == .less ? .exact : .exactWithoutNUL)
    case .greaterOrEqual:
      return range(field, expression + SQLFragment(" >= ?", [bound]), nil, isText, wasCut ? .superset : .exact)
    default:
      let lower = expression + SQLFragment(" >= ?", [bound])
      guard !wasCut else { return range(field, lower, nil, isText, .superset) }
      // What was cut off to the bound itself is greater than it.
      let isGreater = SQLFragment.joined([expression + SQLFragment(" > ?", [bound]), Self.holdsNUL], by: "OR")
      return range(field, lower, nil, .joined([isText, isGreater], by: "AND"), .exactWithoutNUL)
    }
  }

  private func ordersNumber(_ field: DocumentField, _ sign: CELBinaryOperator, _ value: CELValue) -> FilterCondition {
    guard let number = SQLNumber(value) else { return .unknown }
    let expression = self.value(field.path)
    let precision: FilterPrecision = number.isSafe ? .exact : .superset
    switch sign {
    case .less, .lessOrEqual:
      let bound = number.isSafe ? SQLFragment(sign == .less ? " < ?" : " <= ?", [number.value]) : SQLFragment(" <= ?", [number.above])
      return range(field, nil, expression + bound, isNumber(field), precision)
    default:
      let bound = number.isSafe ? SQLFragment(sign == .greater ? " > ?" : " >= ?", [number.value]) : SQLFragment(" >= ?", [number.below])
      // All texts come after the numbers.
      return range(field, expression + bound, expression + " < ''", isNumber(field), precision)
    }
  }

  func condition(_ field: DocumentField, startsWith prefix: String, _ question: FilterCompiler.Question) -> FilterCondition {
    let bytes = Array(prefix.utf8)
    let cut = Array(bytes.prefix { $0 != 0 })
    if let column = field.column {
      guard column == .id, question == .isTrue, let end = Self.after(cut), cut.count == bytes.count else { return .unknown }
      return range(field, SQLFragment("id >= ?", [.utf8(cut)]), SQLFragment("id < ?", [.utf8(end)]), nil, .exact)
    }
    let isText = isType(field, "text")
    guard question == .isTrue else { return leaf(field, .other, isText, .superset) }
    let precision: FilterPrecision = cut.count < bytes.count ? .superset : .exact
    guard let end = Self.after(cut) else { return leaf(field, .other, isText, precision) }
    let expression = value(field.path)
    return range(field, expression + SQLFragment(" >= ?", [.utf8(cut)]), expression + SQLFragment(" < ?", [.utf8(end)]), isText, precision)
  }

  /// The first text in byte order that does not begin with these bytes; nil for none. No byte of UTF-8 is 255, so the last can grow.
  private static func after(_ bytes: [UInt8]) -> [UInt8]? {
    guard let last = bytes.indices.last else { return nil }
    var bytes = bytes
    bytes[last] += 1
    return bytes
  }

  func condition(isPresent field: DocumentField, _ question: FilterCompiler.Question) -> FilterCondition {
    if field.column != nil { return question == .isTrue ? .always : .never }
    if question == .isTrue { return present(field, .exact) }
    let isMissing = type(field.path) + " IS NULL"
    guard field.path.count > 1 else { return leaf(field, .other, isMissing, .exact) }
    // Of what is no object cannot be said that it lacks a field.
    return leaf(field, .other, type(field.path.dropLast()) + " = 'object' AND " + isMissing, .exact)
  }

  /// `value in field`: among a list's elements or an object's names.
  func condition(_ field: DocumentField, contains value: CELValue, _ question: FilterCompiler.Question) -> FilterCondition {
    guard field.column == nil else { return .never }
    let isContainer = type(field.path) + " IN ('array', 'object')"
    guard question == .isTrue, let found = element(value) else { return leaf(field, .other, isContainer, .superset) }
    let list = type(field.path) + " = 'array' AND EXISTS (SELECT 1 FROM json_each(body, ?) WHERE "
    let path = SQLValue.text(Self.jsonPath(field.path))
    let sql = SQLFragment(list.text, list.values + [path]) + found + ")"
    return leaf(field, .other, .joined([sql, type(field.path) + " = 'object'"], by: "OR"), .superset)
  }

  /// An element of `json_each` that may equal the value.
  private func element(_ value: CELValue) -> SQLFragment? {
    switch value {
    case .string(let text): return SQLFragment("type = 'text' AND value = ?", [.utf8(Array(text.utf8.prefix { $0 != 0 }))])
    case .bool(let flag): return SQLFragment("type = '\(flag)'")
    case .null: return SQLFragment("type = 'null'")
    case .int, .uint, .double:
      guard let number = SQLNumber(value) else { return nil }
      let bound = number.isSafe ? SQLFragment("value = ?", [number.value]) : SQLFragment("value BETWEEN ? AND ?", [number.below, number.above])
      return "type IN ('integer', 'real') AND " + bound
    default: return nil
    }
  }

  // MARK: Our own fields

  private func condition(_ column: DocumentField.Column, _ field: DocumentField, _ sign: CELBinaryOperator, _ value: CELValue) -> FilterCondition {
    let bound: SQLFragment
    switch (column, value) {
    case (.id, .string(let text)):
      guard !text.utf8.contains(0) else { return .unknown }
      bound = SQLFragment("id \(sign.rawValue) ?", [.text(text)])
    case (.version, .int), (.version, .uint), (.version, .double):
      guard let number = SQLNumber(value) else { return .unknown }
      bound = SQLFragment("version \(sign.rawValue) ?", [number.value])
    case (.created, .string(let text)), (.updated, .string(let text)): bound = TimestampText.comparison(column.rawValue, sign, text)
    case (.created, .timestamp), (.updated, .timestamp): return .unknown
    default: return .never
    }
    let isUpper = sign == .less || sign == .lessOrEqual
    return range(field, isUpper ? nil : bound, isUpper ? bound : nil, nil, .exact)
  }
}
