import Core
import JSON

// Runs that wait: for their time, or for an event.
extension SQLiteFunctionStore {
  func wakeRuns(at now: Timestamp, limit: Int) async throws -> RunsAgenda {
    // Mostly nothing is due: then no commit.
    let agenda = try await readers.read { try $0.runsAgenda() }
    guard let due = agenda.nextWake, due <= now else { return agenda }
    return try await writer.write { transaction in
      let database = transaction.database
      let due = try database.rows("SELECT function, run FROM runs WHERE wake <= ? ORDER BY wake LIMIT ?", .int(now.milliseconds), .int(Int64(limit))) {
        ($0.int(0), $0.int(1))
      }
      for (function, run) in due { try transaction.wake(run, of: function, at: now) }
      return try database.runsAgenda()
    }
  }

  func waits(for events: Set<String>, after row: Int64, limit: Int) async throws -> [WaitingStep] {
    guard !events.isEmpty else { return [] }
    let marks = events.map { _ in "?" }.joined(separator: ", ")
    return try await readers.read { database in
      try database.rows(
        "SELECT rowid, wait, wait_after FROM run_steps WHERE wait_event IN (\(marks)) AND rowid > ? ORDER BY rowid LIMIT ?",
        events.sorted().map(SQLValue.text) + [.int(row), .int(Int64(limit))]
      ) { row in
        var wait = try EventWait(JSONValue(parsing: row.bytes(1)))
        wait.after = row.int(2)
        return WaitingStep(row: row.int(0), wait: wait)
      }
    }
  }

  func resolve(_ matches: [WaitMatch], through: Int64, at now: Timestamp) async throws -> RunsAgenda {
    try await writer.write { transaction in
      for match in matches { try transaction.resolve(match, at: now) }
      try transaction.database.run("UPDATE meta SET value = ? WHERE name = 'runs_matched_through' AND value < ?", .int(through), .int(through))
      return try transaction.database.runsAgenda()
    }
  }
}

extension Database {
  fileprivate func runsAgenda() throws -> RunsAgenda {
    let sql = """
      SELECT (SELECT min(wake) FROM runs WHERE wake IS NOT NULL), (SELECT min(wait_after) FROM run_steps WHERE wait_event IS NOT NULL),
        (SELECT value FROM meta WHERE name = 'runs_matched_through')
      """
    return try first(sql) { row in
      RunsAgenda(nextWake: row.optionalInt(0).map { Timestamp(milliseconds: $0) }, matchAfter: row.optionalInt(1).map { max($0, row.int(2)) })
    } ?? RunsAgenda()
  }
}

extension WriteTransaction {
  fileprivate func wake(_ id: Int64, of function: Int64, at now: Timestamp) throws {
    guard var run = try run(id, of: function) else { return }
    let name = try database.first("SELECT name FROM functions WHERE number = ?", .int(function)) { $0.text(0) }
    guard let name, run.wakeUp(driver: lastSequence + 1, at: now) else {
      // Of a deleted function: its rows are on their way out.
      return try database.run("UPDATE runs SET wake = NULL WHERE function = ? AND run = ?", .int(function), .int(id))
    }
    let due = try database.rows(
      "SELECT \(RunStep.columns) FROM run_steps WHERE function = ? AND run = ? AND due <= ?", .int(function), .int(id), .int(now.milliseconds)
    ) { try RunStep(row: $0) }
    for var step in due {
      step.wake(at: now)
      try save(step, isNew: false, position: 0, of: id, function)
    }
    try append(
      kind: .run, action: .updated, container: LogEvent.runsContainer(of: name), subject: String(id), before: nil, after: nil,
      actor: EventActor(auth: nil, depth: run.depth), at: now)
    try update(run, of: function)
  }

  /// The first event that fits ends a wait, if it still waits and did not begin after the event.
  fileprivate func resolve(_ match: WaitMatch, at now: Timestamp) throws {
    let found = try database.first(
      "SELECT function, run, name, occurrence FROM run_steps WHERE rowid = ? AND wait_event = ? AND wait_after < ?",
      .int(match.row), .text(match.name), .int(match.sequence)
    ) { ($0.int(0), $0.int(1), StepKey(name: $0.text(2), occurrence: Int($0.int(3)))) }
    guard let (function, id, key) = found, var step = try step(key, of: id, function), var run = try run(id, of: function) else { return }
    guard step.comeTrue(match.result, at: now) else { return }
    run.bytes += match.result.count
    run.cameTrue(at: now)
    try save(step, isNew: false, position: 0, of: id, function)
    try update(run, of: function)
  }
}
