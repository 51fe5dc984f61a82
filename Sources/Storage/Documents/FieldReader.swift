import Core

/// How SQL reads the fields of one collection's documents.
struct FieldReader {
  private let declared: Set<[String]>

  init(_ collection: Collection) {
    declared = Set(collection.indexes.flatMap { $0.keys.map(\.path) })
  }

  private init() { declared = [] }

  /// For a table whose indexes do not matter.
  static let undeclared = FieldReader()

  /// A field that an index knows stands in the text, as it must for the index to be found; any other name is a bound value.
  func value(_ path: [String]) -> SQLFragment {
    if declared.contains(path) || path.count == 1 && DocumentTable.systemColumn(path[0]) != nil { return SQLFragment(DocumentTable.expression(path)) }
    return SQLFragment("json_extract(body, ?)", [.text(Self.jsonPath(path))])
  }

  /// The field's JSON type as text; NULL where it is missing.
  func type(_ path: [String]) -> SQLFragment {
    SQLFragment("json_type(body, ?)", [.text(Self.jsonPath(path))])
  }

  static func jsonPath(_ path: [String]) -> String { "$" + path.map { "." + $0 }.joined() }
}
