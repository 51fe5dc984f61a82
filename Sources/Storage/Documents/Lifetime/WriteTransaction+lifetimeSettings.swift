import Core

extension WriteTransaction {
  /// Makes of a collection's tables what its configuration asks for. Turning history off keeps what was kept.
  func setLifetime(_ configuration: CollectionConfiguration, number: Int64) throws {
    try setHistory(configuration.history, number: number)
    try setTimeToLive(configuration.timeToLive, number: number)
    lifetimes = nil
    lifetimesChanged = true
  }

  private func setHistory(_ history: HistorySettings?, number: Int64) throws {
    let known = try database.first("SELECT versions_max, days_max FROM histories WHERE collection = ?", .int(number)) {
      HistorySettings(versionsMax: $0.optionalInt(0), daysMax: $0.optionalInt(1))
    }
    guard let history else { return try database.run("UPDATE histories SET recording = 0 WHERE collection = ?", .int(number)) }
    guard let known else {
      try database.runScript(HistoryTable(number: number).creation)
      return try database.run(
        "INSERT INTO histories (collection, recording, versions_max, days_max, pruned_versions, pruned_days) VALUES (?, 1, ?, ?, 0, 0)", .int(number),
        SQLValue(history.versionsMax), SQLValue(history.daysMax))
    }
    // What was passed under another bound is looked at again.
    try database.run(
      """
      UPDATE histories SET recording = 1, versions_max = ?2, days_max = ?3,
        pruned_versions = iif(?4, pruned_versions, 0), pruned_days = iif(?5, pruned_days, 0) WHERE collection = ?1
      """, .int(number), SQLValue(history.versionsMax), SQLValue(history.daysMax), SQLValue(known.versionsMax == history.versionsMax),
      SQLValue(known.daysMax == history.daysMax))
  }

  private func setTimeToLive(_ timeToLive: TimeToLive?, number: Int64) throws {
    let known = try database.first("SELECT field, after_seconds FROM expiries WHERE collection = ?", .int(number)) {
      TimeToLive(path: $0.text(0).split(separator: ".").map(String.init), afterSeconds: $0.int(1))
    }
    guard known != timeToLive else { return }
    let table = ExpiryTable(number: number)
    if known != nil {
      try database.runScript("DROP TABLE \(table.name)")
      try database.run("DELETE FROM expiries WHERE collection = ?", .int(number))
    }
    guard let timeToLive else { return }
    try database.runScript(table.creation)
    // No id is before the empty one.
    try database.run(
      "INSERT INTO expiries (collection, field, after_seconds, filled) VALUES (?, ?, ?, '')", .int(number),
      .text(timeToLive.path.joined(separator: ".")), .int(timeToLive.afterSeconds))
  }

  /// With the collection itself.
  func dropLifetime(number: Int64) throws {
    try setTimeToLive(nil, number: number)
    try dropHistory(number: number)
  }

  func dropHistory(of name: String) throws {
    guard let number = try database.collectionNumber(name) else { throw RoostError.collectionNotFound(name) }
    guard let isRecording = try database.first("SELECT recording FROM histories WHERE collection = ?", .int(number), row: { $0.bool(0) }) else {
      throw RoostError(.notFound, "Nothing is kept of the documents of '\(name)'.")
    }
    guard !isRecording else {
      throw RoostError(.conflict, "The history of '\(name)' is on. Turn it off (`\"history\": false`), then delete what it kept.")
    }
    try dropHistory(number: number)
  }

  private func dropHistory(number: Int64) throws {
    try database.runScript("DROP TABLE IF EXISTS \(HistoryTable(number: number).name)")
    try database.run("DELETE FROM histories WHERE collection = ?", .int(number))
    lifetimes = nil
    lifetimesChanged = true
  }
}
