import Core

/// One bounded portion of what is due in a collection.
extension WriteTransaction {
  func removeOverdue(in collection: Collection, at now: Timestamp) throws -> LifetimePortion {
    var portion = LifetimePortion()
    // What has expired goes: no function keeps it.
    round = nil
    guard let lifetime = try lifetime(of: collection.number) else { return portion }
    if let timeToLive = lifetime.timeToLive {
      portion.hasMore = try fillExpiries(timeToLive, in: collection.number)
      let (expired, hasMore) = try removeExpired(timeToLive, in: collection, at: now)
      portion.expired = expired
      portion.hasMore = portion.hasMore || hasMore
    }
    if lifetime.hasHistory {
      let (pruned, hasMore) = try prune(HistoryTable(number: collection.number), at: now)
      portion.pruned = pruned
      portion.hasMore = portion.hasMore || hasMore
    }
    return portion
  }

  /// Goes on with the documents that were there before the collection's documents began to expire, by their ids. Whether there are more.
  private func fillExpiries(_ timeToLive: TimeToLive, in collection: Int64) throws -> Bool {
    let filled = try database.first("SELECT filled FROM expiries WHERE collection = ?", .int(collection)) { $0.optionalText(0) }
    guard let filled, let start = filled else { return false }
    let statement = try database.statement(.nextPage, of: collection)
    var (last, hasMore) = ("", false)
    do {
      defer { statement.reset() }
      try statement.bind(start, at: 1)
      try statement.bind(Int64(Limits.lifetimePortion), at: 2)
      var (count, bytes) = (0, 0)
      while try statement.step() {
        let document = statement.documentRow()
        count += 1
        bytes += document.body.count
        last = document.id
        if let due = timeToLive.due(document) { try expiry(.addExpiry, document.id, due, in: collection) }
        hasMore = count == Limits.lifetimePortion || bytes >= Limits.lifetimePortionBytes
        if hasMore { break }
      }
    }
    try database.run("UPDATE expiries SET filled = ? WHERE collection = ?", hasMore ? .text(last) : .null, .int(collection))
    return hasMore
  }

  private func removeExpired(_ timeToLive: TimeToLive, in collection: Collection, at now: Timestamp) throws -> (count: Int, hasMore: Bool) {
    let rows = try database.rows(
      "SELECT due, id FROM \(ExpiryTable(number: collection.number).name) WHERE due <= ? ORDER BY due, id LIMIT ?", .int(now.milliseconds),
      .int(Int64(Limits.lifetimePortion))
    ) { (Timestamp(milliseconds: $0.int(0)), $0.text(1)) }
    var (expired, bytes) = (0, 0)
    for (due, id) in rows {
      guard bytes < Limits.lifetimePortionBytes else { return (expired, true) }
      let outcome = try apply(
        DocumentWrite(collection: collection, id: id, actor: .timeToLive) { moment in
          guard let current = moment.current, timeToLive.due(current) == due else { return .keep }
          return .delete
        })
      if let before = outcome.before, outcome.after == nil {
        expired += 1
        bytes += before.body.count
      } else {
        // A row that fits no document would be found again and again.
        try expiry(.removeExpiry, id, due, in: collection.number)
      }
    }
    return (expired, rows.count == Limits.lifetimePortion)
  }

  // MARK: Bounded histories

  /// Looks at the versions that were written since it last looked, oldest first. A version makes those superfluous that are so many before
  /// it, and, once it is so old, all that it replaced; a deletion, once it is so old, all of the document. When a base replaced the ones
  /// before it is not known: they go with the base.
  private func prune(_ table: HistoryTable, at now: Timestamp) throws -> (pruned: Int, hasMore: Bool) {
    guard
      let (versionsMax, daysMax, countPlace, agePlace) = try database.first(
        "SELECT versions_max, days_max, pruned_versions, pruned_days FROM histories WHERE collection = ?", .int(table.number),
        row: { ($0.optionalInt(0), $0.optionalInt(1), $0.int(2), $0.int(3)) })
    else { return (0, false) }
    var pruned = 0
    var hasMore = false
    if let versionsMax {
      let step = try prune(table, from: countPlace, until: nil, budget: Limits.lifetimePortion, cursor: "pruned_versions") { version, operation in
        // A deletion takes the place of no version that can be restored.
        version - versionsMax - (operation == .deleted ? 1 : 0)
      }
      pruned += step.pruned
      hasMore = step.hasMore
    }
    if let daysMax {
      let until = now.milliseconds - daysMax * 86_400_000
      let step = try prune(table, from: agePlace, until: until, budget: Limits.lifetimePortion, cursor: "pruned_days") { version, operation in
        operation == .deleted ? version : operation == .base ? 0 : version - 1
      }
      pruned += step.pruned
      hasMore = hasMore || step.hasMore
    }
    return (pruned, hasMore)
  }

  /// - Parameter through: the last version that goes because of one that is there.
  private func prune(
    _ table: HistoryTable, from place: Int64, until moment: Int64?, budget: Int, cursor: String,
    through: (_ version: Int64, _ operation: PastVersion.Operation?) -> Int64
  ) throws -> (pruned: Int, hasMore: Bool) {
    let rows = try database.rows(
      "SELECT place, id, version, at, operation FROM \(table.name) WHERE place > ? ORDER BY place LIMIT ?", .int(place), .int(Int64(budget))
    ) { (place: $0.int(0), id: $0.text(1), version: $0.int(2), at: $0.int(3), operation: PastVersion.Operation(rawValue: $0.text(4))) }
    var (passed, pruned) = (place, 0)
    for row in rows {
      if let moment, row.at > moment { break }
      try database.run(
        "DELETE FROM \(table.name) WHERE place IN (SELECT place FROM \(table.name) WHERE id = ? AND version <= ? ORDER BY version LIMIT ?)", .text(row.id),
        .int(through(row.version, row.operation)), .int(Int64(budget - pruned)))
      pruned += database.changedRows
      // Perhaps not all of it: then it is looked at again.
      if pruned >= budget { break }
      passed = row.place
    }
    if passed > place { try database.run("UPDATE histories SET \(cursor) = ? WHERE collection = ?", .int(passed), .int(table.number)) }
    return (pruned, pruned >= budget || rows.count == budget && passed == rows.last?.place)
  }
}
