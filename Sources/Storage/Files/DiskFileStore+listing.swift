import Core

extension DiskFileStore {
  func list(_ query: FileQuery) async throws -> FilePage {
    try await readers.read { try FileListing(query).run(on: $0) }
  }
}

/// One page of a bucket by path, walked along the index: a folder that is folded into a prefix is stepped over in one seek, whatever
/// it holds. Paths are compared as UTF-8 bytes, so nothing in a name (`%`, `_`, any script) means anything here.
private struct FileListing {
  private let query: FileQuery
  private let prefix: [UInt8]
  private let limit: Int

  init(_ query: FileQuery) {
    self.query = query
    prefix = Array(query.prefix.utf8)
    limit = max(1, min(query.limit, Limits.pageItemsMax))
  }

  func run(on database: Database) throws -> FilePage {
    var items: [StoredFile] = []
    var prefixes: [String] = []
    var last: String?
    var scanned = 0
    var from = start
    let lookups = RuleLookups(database)
    while let from_ = from {
      let statement = try statement(from: from_, on: database)
      defer { statement.reset() }
      from = nil
      while try statement.step() {
        if let isVisible = query.isVisible {
          scanned += 1
          guard scanned <= Limits.scannedRowsMax else {
            throw RoostError(.queryTooSlow, "There are too many files that you may not see. Narrow the list with `prefix`.")
          }
          guard try isVisible(StoredFile(row: statement), lookups) else { continue }
        }
        guard items.count + prefixes.count < limit else { return FilePage(items: items, prefixes: prefixes, next: last) }
        if let folder = folder(of: statement.bytes(1)) {
          last = String(decoding: folder, as: UTF8.self)
          prefixes.append(String(decoding: folder, as: UTF8.self))
          from = Start(path: Self.after(folder), isIncluded: true)
          break
        }
        items.append(StoredFile(row: statement))
        last = statement.text(1)
      }
    }
    return FilePage(items: items, prefixes: prefixes, next: nil)
  }

  private struct Start {
    let path: [UInt8]
    let isIncluded: Bool
  }

  private var start: Start? {
    guard let after = query.after.map({ Array($0.utf8) }), prefix.lexicographicallyPrecedes(after) || prefix == after else {
      return Start(path: prefix, isIncluded: true)
    }
    // A page that ended with a folded folder goes on behind everything in it.
    if query.delimiter, after.last == UInt8(ascii: "/"), after.count > prefix.count { return Start(path: Self.after(after), isIncluded: true) }
    return Start(path: after, isIncluded: false)
  }

  private func statement(from start: Start, on database: Database) throws -> Statement {
    let end = prefix.isEmpty ? nil : Self.after(prefix)
    let sql =
      "SELECT \(Database.fileColumns) FROM files WHERE bucket = ? AND path \(start.isIncluded ? ">=" : ">") ?\(end == nil ? "" : " AND path < ?") ORDER BY path LIMIT ?"
    let statement = try database.statement(.text(sql), sql)
    try statement.bind([.text(query.bucket), .utf8(start.path)] + (end.map { [.utf8($0)] } ?? []) + [.int(query.isVisible == nil ? Int64(limit + 1) : -1)])
    return statement
  }

  /// `photos/2026/` for `photos/2026/a.jpg` under the prefix `photos/`; nil for what lies at this level, or without folding.
  private func folder(of path: [UInt8]) -> [UInt8]? {
    guard query.delimiter, let slash = path[prefix.count...].firstIndex(of: UInt8(ascii: "/")) else { return nil }
    return Array(path[...slash])
  }

  /// The first text in byte order that does not begin with these bytes. No byte of UTF-8 is 255, so the last can always grow.
  private static func after(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    if let last = bytes.indices.last { bytes[last] += 1 }
    return bytes
  }
}
