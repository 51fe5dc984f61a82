/// Removes what has had its time: expired documents, and versions that a bounded history does not keep.
package protocol LifetimeStore: Sendable {
  /// Does one bounded portion of what is due in this collection, each removal with its event. Nothing goes before its time; what a crash
  /// interrupts goes on.
  func removeOverdue(in collection: Collection, at now: Timestamp) async throws -> LifetimePortion
}

/// What one portion did.
package struct LifetimePortion: Sendable {
  /// Documents that had expired.
  package var expired = 0
  /// Versions that the history does not keep any more.
  package var pruned = 0
  /// Whether there is more to do now.
  package var hasMore = false

  package init() {}
}

extension LifetimeStore {
  /// Everything that is due in these collections, in turns, so that none waits for another.
  package func removeOverdue(in collections: [Collection], at now: Timestamp) async throws -> LifetimePortion {
    var total = LifetimePortion()
    var busy = collections.filter { $0.timeToLive != nil || $0.history?.isBounded ?? false }
    while !busy.isEmpty {
      var next: [Collection] = []
      for collection in busy {
        try Task.checkCancellation()
        let portion = try await removeOverdue(in: collection, at: now)
        total.expired += portion.expired
        total.pruned += portion.pruned
        if portion.hasMore { next.append(collection) }
      }
      busy = next
    }
    return total
  }
}
