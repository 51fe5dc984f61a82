import Core

extension SQLiteConfigurationStore {
  func textIndexStates() async throws -> [Int64: TextIndexState] {
    try await readers.read { database in
      let rows = try database.rows("SELECT collection, indexed_to FROM text_indexes") { ($0.int(0), $0.int(1)) }
      var states: [Int64: TextIndexState] = [:]
      for (collection, indexedTo) in rows {
        states[collection] = indexedTo == TextIndex.complete ? .ready : try Self.state(of: collection, indexedTo, database)
      }
      return states
    }
  }

  private static func state(of collection: Int64, _ indexedTo: Int64, _ database: Database) throws -> TextIndexState {
    let last = try database.first("SELECT max(rowid) FROM \(DocumentTable(number: collection).name)") { $0.int(0) } ?? 0
    return TextIndexState(progress: min(0.99, Double(indexedTo) / Double(max(1, last))))
  }
}
