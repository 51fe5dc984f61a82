import Core

/// An index on its way: a table that mirrors the indexed fields of the documents, row number by row number, and the future index on it.
///
/// SQLite builds an index in one go, and nobody writes meanwhile. So it is built on this table, which is empty at first and is filled a
/// portion at a time, while triggers keep it up with what writers do. In the end it holds exactly what an index on the documents would hold:
/// the same keys and the same row numbers, in the same format (https://www.sqlite.org/fileformat2.html#representation_of_sql_indices). Then
/// the index is handed over by changing what the schema says of it, and the rest of this table goes.
struct IndexBuildTable {
  let number: Int64
  let documents: DocumentTable
  let definition: IndexDefinition

  var name: String { Self.name(number) }

  static func name(_ number: Int64) -> String { "index_build_\(number)" }

  var indexes: [DocumentIndex] { documents.indexes(of: definition) }

  private var columns: [String] { definition.keys.indices.map { "k\($0)" } }

  /// The key's column here.
  private func column(_ key: SortKey) -> String { "k\(definition.keys.firstIndex(of: key) ?? 0)" }

  /// The keys as they are read from a row of the documents that a trigger calls so.
  private func keys(of row: String) -> [String] {
    definition.keys.map { key in
      if key.path.count == 1, let column = DocumentTable.systemColumn(key.path[0]) { return "\(row).\(column)" }
      return DocumentTable.expression(key.path, of: "\(row).body")
    }
  }

  var creation: String {
    let columns = columns.map { "\($0) ANY" }.joined(separator: ", ")
    let changed = zip(self.columns, keys(of: "new")).map { "\($0) = \($1)" }.joined(separator: ", ")
    let indexes = indexes.map { $0.creation(on: name, key: column) + ";" }.joined(separator: "\n")
    // A row that is not here yet is changed in the documents only, and comes when its portion does.
    return """
      CREATE TABLE \(name) (row INTEGER PRIMARY KEY, id TEXT NOT NULL, \(columns)) STRICT;
      \(indexes)
      CREATE TRIGGER \(name)_insert AFTER INSERT ON \(documents.name) BEGIN
        INSERT INTO \(name) VALUES (new.rowid, new.id, \(keys(of: "new").joined(separator: ", ")));
      END;
      CREATE TRIGGER \(name)_update AFTER UPDATE ON \(documents.name) BEGIN
        UPDATE \(name) SET \(changed) WHERE row = new.rowid;
      END;
      CREATE TRIGGER \(name)_delete AFTER DELETE ON \(documents.name) BEGIN
        DELETE FROM \(name) WHERE row = old.rowid;
      END;
      """
  }

  static func dropTriggers(_ number: Int64) -> String {
    ["insert", "update", "delete"].map { "DROP TRIGGER IF EXISTS \(name(number))_\($0);" }.joined(separator: "\n")
  }

  /// The last of the next so many documents behind a row.
  var portionEnd: String { "SELECT max(rowid) FROM (SELECT rowid FROM \(documents.name) WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid LIMIT ?3)" }

  /// Takes in the documents of a portion, but for those that writers brought here already.
  var filling: String {
    let keys = keys(of: documents.name).joined(separator: ", ")
    return """
      INSERT INTO \(name) SELECT rowid, id, \(keys) FROM \(documents.name) WHERE rowid > ?1 AND rowid <= ?2
      ON CONFLICT (row) DO NOTHING
      """
  }
}
