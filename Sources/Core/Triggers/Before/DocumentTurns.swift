/// Who may work on which documents: one after the other, in the order in which they came. Whoever wants several gets a place in all their queues
/// at once, so that nobody waits in a circle.
struct DocumentTurns {
  private var queues: [String: [UInt64]] = [:]
  private var wanted: [UInt64: Set<String>] = [:]

  /// How many stand in the longest of these queues.
  func longest(_ documents: Set<String>) -> Int { documents.lazy.map { queues[$0]?.count ?? 0 }.max() ?? 0 }

  /// Whether the turn has come at once.
  mutating func enter(_ owner: UInt64, _ documents: Set<String>) -> Bool {
    precondition(wanted[owner] == nil, "An owner stands in line once.")
    wanted[owner] = documents
    for document in documents { queues[document, default: []].append(owner) }
    return isFirst(owner)
  }

  /// Those whose turn has come by that.
  mutating func leave(_ owner: UInt64) -> [UInt64] {
    guard let documents = wanted.removeValue(forKey: owner) else { return [] }
    var next: Set<UInt64> = []
    for document in documents {
      guard var queue = queues[document] else { continue }
      let wasFirst = queue.first == owner
      queue.removeAll { $0 == owner }
      queues[document] = queue.isEmpty ? nil : queue
      if wasFirst, let first = queue.first { next.insert(first) }
    }
    return next.filter(isFirst).sorted()
  }

  var isEmpty: Bool { queues.isEmpty && wanted.isEmpty }

  private func isFirst(_ owner: UInt64) -> Bool {
    wanted[owner]?.allSatisfy { queues[$0]?.first == owner } ?? false
  }
}
