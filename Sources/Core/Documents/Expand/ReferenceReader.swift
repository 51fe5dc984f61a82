import JSON

/// Follows the references of one request's documents: each document is read once, in one snapshot, and seen as the caller may see it.
/// What they may not see is left out like what does not exist.
package final class ReferenceReader {
  private let reader: any DocumentReader
  private let lookups: RuleLookups
  private let isOver: () -> Bool
  private let bytesMax: Int
  private var found: [Key: DocumentRecord?] = [:]
  private var bytes = 0

  private struct Key: Hashable {
    let collection: String
    let id: String
  }

  /// - Parameter bytesMax: what is added to the answer at most.
  package init(_ reader: any DocumentReader, bytesMax: Int = Limits.expandedBytesMax, isOver: @escaping () -> Bool) {
    self.reader = reader
    self.bytesMax = bytesMax
    lookups = RuleLookups(reader)
    self.isOver = isOver
  }

  /// Throws `query_too_slow` where there are more references than one request may follow.
  package func references(of document: DocumentRecord, _ expansion: Expansion) throws -> ExpandedReferences {
    let references = try references(of: document, expansion.branches)
    bytes += references.json.count
    try requireRoom()
    return references
  }

  private func references(of document: DocumentRecord, _ branches: [Expansion.Branch]) throws -> ExpandedReferences {
    var json: [UInt8] = [UInt8(ascii: "{")]
    for branch in branches {
      let values = Self.ids(in: document, branch.reference)
      guard let values else { continue }
      let start = json.count
      if json.count > 1 { json.append(UInt8(ascii: ",")) }
      JSONValue.string(branch.name).write(into: &json)
      json.append(UInt8(ascii: ":"))
      if branch.reference.isList { json.append(UInt8(ascii: "[")) }
      var written = 0
      for id in values {
        guard let target = try target(id, branch) else { continue }
        if written > 0 { json.append(UInt8(ascii: ",")) }
        try append(target, branch.branches, to: &json)
        written += 1
        // An answer is not made larger than it may be before that is noticed.
        guard bytes + json.count <= bytesMax else { throw Self.tooMuch }
      }
      if branch.reference.isList {
        json.append(UInt8(ascii: "]"))
      } else if written == 0 {
        json.removeSubrange(start...)
      }
    }
    json.append(UInt8(ascii: "}"))
    return ExpandedReferences(json: json)
  }

  private func append(_ target: DocumentRecord, _ branches: [Expansion.Branch], to json: inout [UInt8]) throws {
    guard !branches.isEmpty else { return target.appendJSON(to: &json) }
    try references(of: target, branches).append(to: target, into: &json)
  }

  /// The ids that a field holds, each once; nil if it does not hold what its schema says.
  private static func ids(in document: DocumentRecord, _ reference: DocumentReference) -> [String]? {
    guard let range = JSONText.value(at: reference.path, in: document.body),
      let value = try? document.body.withUnsafeBufferPointer({ try JSONValue(parsing: UnsafeBufferPointer(rebasing: $0[range])) })
    else { return nil }
    guard reference.isList else { return value.stringValue.map { [$0] } }
    var known: Set<String> = []
    return value.arrayValue?.compactMap(\.stringValue).filter { known.insert($0).inserted }
  }

  private func target(_ id: String, _ branch: Expansion.Branch) throws -> DocumentRecord? {
    guard let access = branch.target, Names.isValidID(id) else { return nil }
    let key = Key(collection: access.collection.name, id: id)
    if let known = found[key] { return known }
    if found.count & 15 == 15, isOver() { throw Self.tooMuch }
    let visible = try reader.document(id, in: access.collection.name).flatMap { try access.view(of: $0, lookups) }
    found[key] = .some(visible)
    try requireRoom()
    return visible
  }

  private func requireRoom() throws {
    guard found.count <= Limits.expandedDocumentsMax, bytes <= bytesMax else { throw Self.tooMuch }
  }

  private static var tooMuch: RoostError {
    RoostError(
      .queryTooSlow,
      "`expand` would follow more than \(Limits.expandedDocumentsMax) references, or add more than \(Limits.expandedBytesMax >> 20) MiB. Take a smaller `limit` or expand less."
    )
  }
}
