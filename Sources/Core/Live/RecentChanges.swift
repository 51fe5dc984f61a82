/// The newest changes of the log, kept for those who come back after a moment or have just read a snapshot. Bounded in count and bytes.
package struct RecentChanges: Sendable {
  /// All changes after this one are here.
  package private(set) var start: Int64
  /// The log was read up to here.
  package private(set) var end: Int64
  private var changes: [LoggedChange] = []
  private var bytes = 0
  private let countMax: Int
  private let bytesMax: Int

  package init(at sequence: Int64, countMax: Int = Limits.recentChangesMax, bytesMax: Int = Limits.recentChangesBytesMax) {
    start = sequence
    end = sequence
    self.countMax = countMax
    self.bytesMax = bytesMax
  }

  /// Adds what was read of the log up to `sequence`.
  package mutating func append(_ more: [LoggedChange], through sequence: Int64) {
    changes += more
    bytes += more.reduce(0) { $0 + $1.byteCount }
    end = sequence
    var dropped = 0
    while changes.count - dropped > countMax || bytes > bytesMax, dropped < changes.count {
      bytes -= changes[dropped].byteCount
      start = changes[dropped].sequence
      dropped += 1
    }
    changes.removeFirst(dropped)
  }

  /// The changes of a collection after `sequence`; nil where some of them are no longer here.
  package func changes(of collection: String, after sequence: Int64) -> [LoggedChange]? {
    guard sequence >= start else { return nil }
    // The newest stand last, and mostly few of them are wanted.
    let first = changes.lastIndex { $0.sequence <= sequence }.map { $0 + 1 } ?? 0
    return changes[first...].filter { $0.collection == collection }
  }
}
