/// A field of a document that SQL can read: names of letters, digits and `_`, because SQLite compares a path's names with the text of
/// the keys.
struct DocumentField: Sendable {
  enum Column: String, Sendable {
    case id, version, created, updated
  }

  let path: [String]

  init?(_ path: [String]) {
    guard !path.isEmpty, path.allSatisfy(Self.isPlain) else { return nil }
    // Ours hold no fields of their own: whatever is below fails.
    if path.count > 1, DocumentTable.systemColumn(path[0]) != nil { return nil }
    self.path = path
  }

  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
          || byte == UInt8(ascii: "_")
      }
  }

  /// One of our own four.
  var column: Column? { path.count == 1 ? DocumentTable.systemColumn(path[0]).flatMap(Column.init) : nil }
}
