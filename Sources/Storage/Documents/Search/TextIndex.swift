import Core
import JSON

/// A collection's text index as a transaction or a snapshot sees it, and the table of its words.
///
/// The table is an FTS5 table without content: it keeps where each word stands and no text, since the text is in the documents. What is
/// taken out must therefore be told with the text that went in, which a write has at hand: the document as it was.
struct TextIndex {
  let number: Int64
  let definition: TextIndexDefinition
  /// Documents up to this row are in it. Writes keep those up to date; the building does the rest.
  let indexedTo: Int64

  static let complete = Int64.max

  var isReady: Bool { indexedTo == Self.complete }

  var table: String { Self.table(number) }

  static func table(_ number: Int64) -> String { "words_\(number)" }

  // MARK: Statements. Columns are numbered, so that no name of a caller's stands in SQL.

  static func creation(_ number: Int64, _ definition: TextIndexDefinition) -> String {
    "CREATE VIRTUAL TABLE \(table(number)) USING fts5(\(columns(definition)), content='', tokenize='\(definition.tokenizer.sql)')"
  }

  private static func columns(_ definition: TextIndexDefinition) -> String { definition.fields.indices.map { "c\($0)" }.joined(separator: ", ") }

  private var marks: String { definition.fields.map { _ in "?" }.joined(separator: ", ") }

  var insertion: String { "INSERT INTO \(table) (rowid, \(Self.columns(definition))) VALUES (?, \(marks))" }

  var removal: String { "INSERT INTO \(table) (\(table), rowid, \(Self.columns(definition))) VALUES ('delete', ?, \(marks))" }
}

extension TextIndexDefinition.Tokenizer {
  /// As FTS5 takes it: a name and its arguments.
  var words: [String] {
    switch self {
    case .unicode61: ["unicode61", "remove_diacritics", "2"]
    case .porter: ["porter", "unicode61", "remove_diacritics", "2"]
    case .trigram: ["trigram"]
    }
  }

  var sql: String { words.joined(separator: " ") }
}

extension Database {
  /// The text index of a collection in this snapshot, ready or not.
  func textIndex(of collection: Int64) throws -> TextIndex? {
    try first("SELECT number, definition, indexed_to FROM text_indexes WHERE collection = ?", .int(collection), row: TextIndex.init)
  }
}

extension TextIndex {
  /// A row of `number, definition, indexed_to`.
  init(_ row: Statement) throws {
    self.init(number: row.int(0), definition: try TextIndexDefinition(JSONValue(parsing: row.bytes(1)), pointer: ""), indexedTo: row.int(2))
  }
}

/// What the writer remembers of text indexes, so that writes to collections without one ask nobody.
struct KnownTextIndexes {
  private var entries: [Int64: TextIndex?] = [:]
  private var changes: Int64 = -1
  /// This transaction has changed some, or tried: what it sees may be undone.
  private(set) var areChanging = false

  /// - Parameter changes: how often they were changed, by any process.
  mutating func begin(changes: Int64) {
    areChanging = false
    guard changes != self.changes else { return }
    self.changes = changes
    entries = [:]
  }

  mutating func change() {
    areChanging = true
    entries = [:]
  }

  @inline(__always)
  mutating func index(of collection: Int64, in database: Database) throws -> TextIndex? {
    if let known = entries[collection] { return known }
    let index = try database.textIndex(of: collection)
    guard !areChanging else { return index }
    if entries.count > 2 * Limits.collectionsMax { entries = [:] }
    entries[collection] = .some(index)
    return index
  }
}
