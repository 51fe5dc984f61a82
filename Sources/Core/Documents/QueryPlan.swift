import JSON

/// How a store reads a page: for people who look for the index that is missing.
package struct QueryPlan: Sendable {
  /// How much of the rule and the filter the store's own language says.
  package enum Precision: String, Sendable {
    /// All of it.
    case exact
    /// A part; the rows that it lets through are looked at in memory.
    case partly
    /// Nothing: every document is looked at in memory.
    case memory
  }

  /// The statement with `?` for values.
  package let sql: String
  package let precision: Precision
  /// The fields of the index that leads to the page; nil where every document is looked at.
  package let index: [String]?
  /// The fields of a declared index that would and cannot be used: it is being built, or that failed.
  package let unreadyIndex: [String]?
  /// The fields of an index that would; nil where there is one, or none would help.
  package let missingIndex: [String]?
  /// The database's own words about its plan.
  package let steps: [String]

  package init(sql: String, precision: Precision, index: [String]?, unreadyIndex: [String]? = nil, missingIndex: [String]?, steps: [String]) {
    self.sql = sql
    self.precision = precision
    self.index = index
    self.unreadyIndex = unreadyIndex
    self.missingIndex = missingIndex
    self.steps = steps
  }

  package var value: JSONValue {
    func list(_ names: [String]?) -> JSONValue { names.map { .array($0.map(JSONValue.string)) } ?? .null }
    return [
      "sql": .string(sql), "precision": .string(precision.rawValue), "index": list(index), "unreadyIndex": list(unreadyIndex),
      "missingIndex": list(missingIndex), "steps": list(steps),
    ]
  }
}
