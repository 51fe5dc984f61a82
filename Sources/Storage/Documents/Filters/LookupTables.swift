/// How a row's document leads to documents of other collections, in SQL.
struct LookupTables {
  /// The table of the rows that are looked through.
  let outer: String
  /// The table of a collection; nil if there is none.
  let table: (String) -> String?

  /// The rows whose field names a document of that table for which the condition holds. Rows whose field is no text, or goes on behind a
  /// `\u0000`, may be among them.
  func exists(_ table: String, id: DocumentField, _ condition: SQLFragment?) -> FilterCondition {
    let key: SQLFragment
    switch id.column {
    case .id: key = SQLFragment("\(outer).id")
    case nil: key = SQLFragment("json_extract(\(outer).body, ?)", [.text(FieldReader.jsonPath(id.path))])
    // Numbers and times name no document.
    default: return .never
    }
    // Under another name, so that the table may be the rows' own.
    var sql = "EXISTS (SELECT 1 FROM \(table) AS found WHERE found.id = " + key
    if let condition { sql = sql + " AND (" + condition + ")" }
    return .leaf(FilterLeaf(path: [], kind: .other, rest: sql + ")", precision: .superset))
  }
}
