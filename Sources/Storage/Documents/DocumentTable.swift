import Core

/// The table of one collection's documents: its names and how its indexes are written.
struct DocumentTable {
  let number: Int64

  var name: String { "documents_\(number)" }

  var creation: String {
    """
    CREATE TABLE \(name) (
      id TEXT NOT NULL UNIQUE,
      version INTEGER NOT NULL,
      created INTEGER NOT NULL,
      updated INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT
    """
  }

  /// How SQL reads a field. Written into the text where it comes from a declared index, because an expression index is found by its
  /// text: `SortKey` lets through letters, digits and `_` only.
  static func expression(_ path: [String], of body: String = "body") -> String {
    if path.count == 1, let column = systemColumn(path[0]) { return column }
    precondition(path.allSatisfy { name in name.utf8.allSatisfy(isNameByte) }, "A declared field's name holds letters, digits and '_' only.")
    return "json_extract(\(body),'$.\(path.joined(separator: "."))')"
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
      || byte == UInt8(ascii: "_")
  }

  /// Our own four fields have columns.
  static func systemColumn(_ name: String) -> String? {
    switch name {
    case "id": "id"
    case "version": "version"
    case "createdAt": "created"
    case "updatedAt": "updated"
    default: nil
    }
  }

  // MARK: The hot statements

  func sql(_ statement: DocumentStatement) -> String {
    switch statement {
    case .get: "SELECT version, created, updated, body FROM \(name) WHERE id = ?"
    case .insert: "INSERT INTO \(name) (id, version, created, updated, body) VALUES (?1, ?5, ?2, ?3, ?4)"
    case .update: "UPDATE \(name) SET version = ?, updated = ?, body = ? WHERE id = ?"
    case .delete: "DELETE FROM \(name) WHERE id = ?"
    case .firstPage: "SELECT id, version, created, updated, body FROM \(name) ORDER BY id LIMIT ?"
    case .nextPage: "SELECT id, version, created, updated, body FROM \(name) WHERE id > ? ORDER BY id LIMIT ?"
    case .keepVersion: HistoryTable(number: number).keeping
    case .newestVersion: HistoryTable(number: number).newest
    case .addExpiry: ExpiryTable(number: number).adding
    case .removeExpiry: ExpiryTable(number: number).removing
    }
  }
}

extension Database: DocumentReader {
  func document(_ id: String, in collection: String) throws -> DocumentRecord? {
    try collectionNumber(collection).flatMap { try document(id, in: $0) }
  }

  /// The number of a collection's table, in this snapshot; nil if there is no such collection.
  func collectionNumber(_ name: String) throws -> Int64? {
    try first("SELECT number FROM collections WHERE name = ?", .text(name)) { $0.int(0) }
  }
}

extension Database {
  @inline(__always)
  func statement(_ kind: DocumentStatement, of collection: Int64) throws -> Statement {
    try statement(.document(kind, collection: collection), DocumentTable(number: collection).sql(kind))
  }

  /// One document by its id.
  @inline(__always)
  func document(_ id: String, in collection: Int64) throws -> DocumentRecord? {
    let statement = try statement(.get, of: collection)
    var bound = id
    return try bound.withUTF8 { bytes in
      try statement.bindUncopied(bytes, at: 1)
      defer { statement.reset() }
      guard try statement.step() else { return nil }
      return DocumentRecord(
        id: id, version: statement.int(0), created: Timestamp(milliseconds: statement.int(1)), updated: Timestamp(milliseconds: statement.int(2)),
        body: statement.bytes(3))
    }
  }

  /// What an error about a collection's table means: perhaps the collection was deleted since the caller looked it up.
  func explain(_ error: any Error, collection: Collection) -> any Error {
    guard let error = error as? SQLiteError else { return error }
    if error.primaryCode == 1 {  // SQLITE_ERROR: among others, no such table
      let exists = try? first("SELECT 1 FROM collections WHERE number = ?", .int(collection.number)) { _ in true }
      if exists == nil { return RoostError.collectionNotFound(collection.name) }
    }
    return storageError(error)
  }
}

extension Statement {
  /// A row of `id, version, created, updated, body`, as pages select it.
  func documentRow() -> DocumentRecord {
    DocumentRecord(
      id: text(0), version: int(1), created: Timestamp(milliseconds: int(2)), updated: Timestamp(milliseconds: int(3)), body: bytes(4))
  }
}
