import Core

extension SQLiteDocumentStore {
  func removeOverdue(in collection: Collection, at now: Timestamp) async throws -> LifetimePortion {
    // The writer is asked only where there is something to do.
    guard try await readers.read({ database in try database.snapshot { try database.hasOverdue(in: collection.number, at: now) } }) else {
      return LifetimePortion()
    }
    return try await writer.write { transaction in try transaction.removeOverdue(in: collection, at: now) }
  }
}

extension Database {
  /// In one snapshot: a table that is named in it is there.
  fileprivate func hasOverdue(in collection: Int64, at now: Timestamp) throws -> Bool {
    if let isFilled = try first("SELECT filled IS NULL FROM expiries WHERE collection = ?", .int(collection), row: { $0.bool(0) }) {
      guard isFilled else { return true }
      let sql = "SELECT 1 FROM \(ExpiryTable(number: collection).name) WHERE due <= ? LIMIT 1"
      if try first(sql, .int(now.milliseconds), row: { _ in true }) != nil { return true }
    }
    guard
      let (versionsMax, daysMax, countPlace, agePlace) = try first(
        "SELECT versions_max, days_max, pruned_versions, pruned_days FROM histories WHERE collection = ?", .int(collection),
        row: { ($0.optionalInt(0), $0.optionalInt(1), $0.int(2), $0.int(3)) })
    else { return false }
    let next = "SELECT at FROM \(HistoryTable(number: collection).name) WHERE place > ? ORDER BY place LIMIT 1"
    if versionsMax != nil, try first(next, .int(countPlace), row: { $0.int(0) }) != nil { return true }
    guard let daysMax, let at = try first(next, .int(agePlace), row: { $0.int(0) }) else { return false }
    return at <= now.milliseconds - daysMax * 86_400_000
  }
}
