import Core

/// Keeping text indexes, in the transaction of what they are about.
extension WriteTransaction {
  @inline(__always)
  func textIndex(of collection: Int64) throws -> TextIndex? { try textIndexes.index(of: collection, in: database) }

  /// To be called for each change of a document's body: before a document goes, after any other change.
  /// - Parameters:
  ///   - before: nil for a new document.
  ///   - after: nil for one that goes.
  @inline(__always)
  func updateWords(of id: String, in collection: Int64, before: [UInt8]?, after: [UInt8]?) throws {
    guard let index = try textIndex(of: collection) else { return }
    try updateWords(of: id, in: collection, index, before: before.flatMap(index.definition.texts), after: after.flatMap(index.definition.texts))
  }

  private func updateWords(of id: String, in collection: Int64, _ index: TextIndex, before: [[UInt8]]?, after: [[UInt8]]?) throws {
    guard before != after else { return }
    let rows = try database.statement(.text("row of \(collection)"), "SELECT rowid FROM \(DocumentTable(number: collection).name) WHERE id = ?")
    defer { rows.reset() }
    try rows.bind(id, at: 1)
    guard try rows.step() else { return }
    let row = rows.int(0)
    // The building has not come so far: it will read the document as it is then.
    guard row <= index.indexedTo else { return }
    if let before { try write(before, row, index.removal) }
    if let after { try write(after, row, index.insertion) }
  }

  func write(_ texts: [[UInt8]], _ row: Int64, _ sql: String) throws {
    let statement = try database.statement(.text(sql), sql)
    defer { statement.reset() }
    try statement.bind(row, at: 1)
    for (column, text) in texts.enumerated() { try statement.bind(.utf8(text), at: Int32(column + 2)) }
    _ = try statement.step()
  }

  // MARK: Configuration

  /// Makes, drops or replaces a collection's text index. The documents of a small collection are in it at once; for others it is left
  /// to be built.
  func putTextIndex(_ definition: TextIndexDefinition?, of collection: Int64) throws {
    let current = try database.textIndex(of: collection)
    guard current?.definition != definition else { return }
    try changeTextIndexes()
    if let current, let definition, current.definition.holdsTheSame(as: definition) {
      try database.run("UPDATE text_indexes SET definition = ? WHERE number = ?", .utf8(definition.value.bytes()), .int(current.number))
      return
    }
    if let current { try drop(current) }
    guard let definition else { return }
    let number = try nextNumber("last_text_index_number")
    try database.runScript(TextIndex.creation(number, definition))
    try database.run(
      "INSERT INTO text_indexes (number, collection, definition, indexed_to) VALUES (?, ?, ?, 0)", .int(number), .int(collection),
      .utf8(definition.value.bytes()))
    try indexPortion(of: collection)
  }

  /// With its collection.
  func dropTextIndex(of collection: Int64) throws {
    guard let index = try database.textIndex(of: collection) else { return }
    try changeTextIndexes()
    try drop(index)
  }

  private func drop(_ index: TextIndex) throws {
    try database.run("DELETE FROM text_indexes WHERE number = ?", .int(index.number))
    try database.runScript("DROP TABLE \(index.table)")
  }

  private func changeTextIndexes() throws {
    textIndexes.change()
    try database.run("UPDATE meta SET value = value + 1 WHERE name = 'text_index_changes'")
  }

  // MARK: Building

  /// Takes the next documents into the index of a collection. Rows are taken in their order, so that one number tells how far it is.
  func indexPortion(of collection: Int64) throws {
    guard let index = try database.textIndex(of: collection), !index.isReady else { return }
    let sql = "SELECT rowid, body FROM \(DocumentTable(number: collection).name) WHERE rowid > ? ORDER BY rowid"
    let rows = try database.statement(.text(sql), sql)
    defer { rows.reset() }
    try rows.bind(index.indexedTo, at: 1)
    let end = ContinuousClock.now + Limits.textPortionTimeMax
    var indexedTo = index.indexedTo
    var (documents, bytes) = (0, 0)
    var isOver = false
    while !isOver {
      guard try rows.step() else {
        indexedTo = TextIndex.complete
        break
      }
      let body = rows.bytes(1)
      indexedTo = rows.int(0)
      if let texts = index.definition.texts(of: body) { try write(texts, indexedTo, index.insertion) }
      documents += 1
      bytes += body.count
      isOver = documents >= Limits.textPortionDocumentsMax || bytes >= Limits.textPortionBytesMax || ContinuousClock.now > end
    }
    try changeTextIndexes()
    try database.run("UPDATE text_indexes SET indexed_to = ? WHERE number = ?", .int(indexedTo), .int(index.number))
  }

  /// Takes a portion of some index that is not ready. False if all are.
  func indexSomePortion() throws -> Bool {
    let sql = "SELECT collection FROM text_indexes WHERE indexed_to < ? ORDER BY number LIMIT 1"
    guard let collection = try database.first(sql, .int(TextIndex.complete), row: { $0.int(0) }) else { return false }
    try indexPortion(of: collection)
    return true
  }
}
