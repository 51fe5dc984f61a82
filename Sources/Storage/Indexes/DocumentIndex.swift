import Core

/// One index of SQLite's; a declared one is made of one or two.
struct DocumentIndex {
  enum Kind {
    /// Holds the id as its last key, so that a page can walk along it.
    case ordered
    /// Refuses a second document with the same values. Of one field it holds that field as it is, so that a document is found by it; of
    /// several it holds a missing one as a value.
    case unique
  }

  let name: String
  let kind: Kind
  let definition: IndexDefinition

  /// The statement that makes it. Where the table is not the collection's own, its keys are read in another way.
  func creation(on table: String, key: (SortKey) -> String) -> String {
    let expressions = definition.keys.map(key)
    let present = expressions.map { "\($0) IS NOT NULL" }.joined(separator: " OR ")
    switch kind {
    case .ordered:
      var keys = zip(expressions, definition.keys).map { $0 + ($1.isDescending ? " DESC" : "") }
      if !definition.keys.contains(where: { $0.path == ["id"] }) { keys.append(definition.keys.last?.isDescending == true ? "id DESC" : "id") }
      return "CREATE INDEX \(name) ON \(table) (\(keys.joined(separator: ", ")))" + (definition.isSparse ? " WHERE \(present)" : "")
    case .unique where expressions.count == 1:
      return "CREATE UNIQUE INDEX \(name) ON \(table) (\(expressions[0]))" + (definition.isSparse ? " WHERE \(present)" : "")
    case .unique:
      // A document that has none of the fields does not count; one that has some counts with the others as missing.
      let keys = expressions.map { "ifnull(\($0), x'')" }.joined(separator: ", ")
      return "CREATE UNIQUE INDEX \(name) ON \(table) (\(keys)) WHERE \(present)"
    }
  }
}

extension DocumentTable {
  /// What a declared index is made of.
  func indexes(of definition: IndexDefinition) -> [DocumentIndex] {
    var indexes: [DocumentIndex] = []
    if definition.isUnique { indexes.append(DocumentIndex(name: indexName(definition, .unique), kind: .unique, definition: definition)) }
    // One unique field is looked up in the unique index; several need the ordered one too, because the unique one keeps a missing field as
    // a value.
    if !definition.isUnique || definition.keys.count > 1 {
      indexes.append(DocumentIndex(name: indexName(definition, .ordered), kind: .ordered, definition: definition))
    }
    return indexes
  }

  /// Named after what it holds, so that comparing names tells what to build and what to drop.
  func indexName(_ definition: IndexDefinition, _ kind: DocumentIndex.Kind) -> String {
    let text = definition.keys.map(\.text).joined(separator: ",")
    let hash = hexadecimal(Array(SHA256Digest.hash(Array(text.utf8)).prefix(8)))
    return "\(name)_\(definition.isSparse ? "s" : "")\(kind == .unique ? "u" : "i")\(hash)"
  }

  /// The statement that makes an index on the collection's table.
  func creation(of index: DocumentIndex) -> String { index.creation(on: name) { Self.expression($0.path) } }

  /// What is true of every document that a sparse index holds, in the words of the index itself: SQLite takes it for a list only if the list's
  /// own conditions say the same.
  static func presence(_ definition: IndexDefinition) -> String? {
    guard definition.isSparse else { return nil }
    return definition.keys.map { "\(expression($0.path)) IS NOT NULL" }.joined(separator: " OR ")
  }
}
