import Core

extension SQLiteFunctionStore {
  func invocations(of function: String, _ filter: InvocationFilter, limit: Int, before id: String?) async throws -> [Invocation] {
    // All records of one function are few enough to look at.
    var conditions = ["function = (SELECT number FROM functions WHERE name = ?)"]
    var values: [SQLValue] = [.text(function)]
    func require(_ condition: String, _ value: SQLValue?) {
      guard let value else { return }
      conditions.append(condition)
      values.append(value)
    }
    require("id < ?", id.map(SQLValue.text))
    require("id >= ?", filter.from.map { .text($0.firstID) })
    // An id is given when the run is recorded, and never goes back: its time may be a little later than the start.
    require("started >= ?", filter.from.map { .int($0.milliseconds) })
    require("started < ?", filter.until.map { .int($0.milliseconds) })
    if let type = filter.eventType {
      if type.hasSuffix("*") { require("substr(event_type, 1, length(?)) = ?", .text(String(type.dropLast()))) } else { require("event_type = ?", .text(type)) }
      if type.hasSuffix("*") { values.append(.text(String(type.dropLast()))) }
    }
    require("event_subject = ?", filter.subject.map(SQLValue.text))
    require("version = ?", filter.version.map(SQLValue.int))
    require("instr(lower(error), lower(?)) > 0", filter.text.map(SQLValue.text))
    if !filter.statuses.isEmpty {
      conditions.append("status IN (\(filter.statuses.map { _ in "?" }.joined(separator: ", ")))")
      values += filter.statuses.map { .text($0.rawValue) }
    }
    let sql = """
      SELECT id, version, event_sequence, event_type, event_subject, attempt, status, error, started, duration_us, cold, cpu_us, memory_peak, trace,
        queue_us, memory_bytes
      FROM invocations WHERE \(conditions.joined(separator: " AND ")) ORDER BY id DESC LIMIT ?
      """
    return try await readers.read { [values] database in
      try database.rows(sql, values + [.int(Int64(limit))]) { row in
        Invocation(
          id: row.text(0), function: function, version: row.int(1), eventSequence: row.int(2) == 0 ? nil : row.int(2), eventType: row.text(3),
          eventSubject: row.text(4),
          attempt: Int(row.int(5)), status: Invocation.Status(rawValue: row.text(6)) ?? .failed, error: row.optionalText(7),
          started: Timestamp(milliseconds: row.int(8)), duration: .microseconds(row.int(9)), isCold: row.bool(10),
          cpu: row.optionalInt(11).map { .microseconds($0) }, memoryBytesPeak: row.optionalInt(12),
          queued: row.optionalInt(14).map { .microseconds($0) }, memoryBytesMax: row.optionalInt(15), trace: row.optionalText(13))
      }
    }
  }
}

extension WriteTransaction {
  /// Old records go in steps of so many.
  private static let pruneEvery = 64
  private static let linesPrunedPerCommit: Int64 = 5000

  func record(_ invocations: [Invocation], _ logs: [InvocationLog], of function: Int64) throws {
    for invocation in invocations {
      try database.run(
        """
        INSERT OR REPLACE INTO invocations
          (function, id, version, event_sequence, event_type, event_subject, attempt, status, error, started, duration_us, cold, cpu_us, memory_peak, trace,
           queue_us, memory_bytes)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          .int(function), .text(invocation.id), .int(invocation.version), .int(invocation.eventSequence ?? 0), .text(invocation.eventType),
          .text(invocation.eventSubject), .int(Int64(invocation.attempt)), .text(invocation.status.rawValue), SQLValue(invocation.error),
          .int(invocation.started.milliseconds), .int(invocation.duration.microseconds), SQLValue(invocation.isCold),
          SQLValue(invocation.cpu?.microseconds), SQLValue(invocation.memoryBytesPeak), SQLValue(invocation.trace),
          SQLValue(invocation.queued?.microseconds), SQLValue(invocation.memoryBytesMax),
        ])
    }
    for log in logs {
      try database.run(
        "INSERT OR REPLACE INTO invocation_logs (function, id, invocation, time, level, message) VALUES (?, ?, ?, ?, ?, ?)", .int(function), .text(log.id),
        .text(log.invocation), .int(log.time.milliseconds), .text(log.level), .text(log.message))
    }
    guard !invocations.isEmpty else { return }
    try addUsage(of: invocations)
    try prune(function: function, added: invocations.count)
  }

  /// Keeps the newest records of the function and the lines of those. How many there are is counted once, because a count walks over all of them.
  private func prune(function: Int64, added: Int) throws {
    let kept =
      try invocationsKept[function].map { $0 + added }
      ?? database.first("SELECT count(*) FROM invocations WHERE function = ?", .int(function)) { Int($0.int(0)) } ?? 0
    let surplus = kept - Limits.invocationsKeptPerFunction
    guard surplus >= Self.pruneEvery else { return invocationsKept[function] = kept }
    // Unknown until this is done: if it fails, they are counted again.
    invocationsKept[function] = nil
    let oldest = try database.first(
      "SELECT id FROM invocations WHERE function = ? ORDER BY id LIMIT 1 OFFSET ?", .int(function), .int(Int64(surplus))
    ) { $0.text(0) }
    guard let oldest else { return }
    try database.run("DELETE FROM invocations WHERE function = ? AND id < ?", .int(function), .text(oldest))
    let remaining = kept - database.changedRows
    // A line's id is no older than its invocation's. What is too much for one commit goes with the next.
    try database.run(
      "DELETE FROM invocation_logs WHERE rowid IN (SELECT rowid FROM invocation_logs WHERE function = ? AND id < ? LIMIT ?)", .int(function), .text(oldest),
      .int(Self.linesPrunedPerCommit))
    invocationsKept[function] = remaining
  }
}
