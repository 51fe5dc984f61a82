import Core
import JSON

// Durable runs, in the transaction of whatever happens to them. The decisions are `DurableRun`'s.
extension WriteTransaction {
  func run(_ id: Int64, of function: Int64) throws -> DurableRun? {
    try database.first("SELECT \(DurableRun.columns) FROM runs WHERE function = ? AND run = ?", .int(function), .int(id)) { try DurableRun(row: $0) }
  }

  func insert(_ run: DurableRun, of function: Int64) throws {
    try database.run(
      """
      INSERT INTO runs (function, run, event, depth, version, status, driver, steps, bytes, stale, wake, executions, result, error, created, updated, ended)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [.int(function), .int(run.id), .utf8(run.event), .int(Int64(run.depth)), .int(run.version)] + run.changing + [
        .int(run.created.milliseconds), .int(run.updated.milliseconds), SQLValue(run.ended?.milliseconds),
      ])
  }

  func update(_ run: DurableRun, of function: Int64) throws {
    try database.run(
      """
      UPDATE runs SET status = ?, driver = ?, steps = ?, bytes = ?, stale = ?, wake = ?, executions = ?, result = ?, error = ?, updated = ?, ended = ?
      WHERE function = ? AND run = ?
      """, run.changing + [.int(run.updated.milliseconds), SQLValue(run.ended?.milliseconds), .int(function), .int(run.id)])
    // What is over waits for nothing any more.
    if run.status.isOver {
      try database.run(
        "UPDATE run_steps SET due = NULL, wait_event = NULL, wait_after = NULL WHERE function = ? AND run = ? AND due IS NOT NULL", .int(function),
        .int(run.id))
      try pruneRuns(of: function)
    }
  }

  func step(_ key: StepKey, of run: Int64, _ function: Int64) throws -> RunStep? {
    try database.first(
      "SELECT \(RunStep.columns) FROM run_steps WHERE function = ? AND run = ? AND name = ? AND occurrence = ?", .int(function), .int(run), .text(key.name),
      .int(Int64(key.occurrence))
    ) { try RunStep(row: $0) }
  }

  /// Inserts or replaces; `position` is its place among the run's steps.
  func save(_ step: RunStep, isNew: Bool, position: Int, of run: Int64, _ function: Int64) throws {
    if isNew {
      try database.run(
        """
        INSERT INTO run_steps (function, run, name, occurrence, position, kind, status, attempts, result, error, due, wait_event, wait_after, wait, created, ended)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [.int(function), .int(run), .text(step.key.name), .int(Int64(step.key.occurrence)), .int(Int64(position)), .text(step.kind.rawValue)] + step.changing
          + [SQLValue(utf8: step.wait?.value.bytes()), .int(step.created.milliseconds), SQLValue(step.ended?.milliseconds)])
    } else {
      try database.run(
        """
        UPDATE run_steps SET status = ?, attempts = ?, result = ?, error = ?, due = ?, wait_event = ?, wait_after = ?, ended = ?
        WHERE function = ? AND run = ? AND name = ? AND occurrence = ?
        """,
        step.changing + [
          SQLValue(step.ended?.milliseconds), .int(function), .int(run), .text(step.key.name), .int(Int64(step.key.occurrence)),
        ])
    }
  }

  /// A failed run is tried again: what failed last in it, so that nothing came after it, is forgotten. A failure that the handler caught stays.
  func forgetLastFailures(of run: inout DurableRun, _ function: Int64) throws {
    try database.run(
      """
      DELETE FROM run_steps WHERE function = ?1 AND run = ?2 AND status = 'failed' AND NOT EXISTS (
        SELECT 1 FROM run_steps AS later WHERE later.function = ?1 AND later.run = ?2 AND later.position > run_steps.position AND later.created >= run_steps.ended
      )
      """, .int(function), .int(run.id))
    run.steps -= database.changedRows
  }

  // MARK: Ends of executions

  func record(_ outcome: RunOutcome, of function: Int64) throws {
    guard var run = try run(outcome.run, of: function), run.isExecuted(by: outcome.driver) else { return }
    switch outcome.end {
    case .completed(let result): run.complete(by: outcome.driver, result: result, at: outcome.time)
    case .suspended:
      let pending = try database.first(
        "SELECT min(due), count(wait_event) FROM run_steps WHERE function = ? AND run = ? AND due IS NOT NULL", .int(function), .int(outcome.run)
      ) { ($0.optionalInt(0).map { Timestamp(milliseconds: $0) }, $0.int(1) > 0) }
      run.suspend(by: outcome.driver, nextDue: pending?.0, waits: pending?.1 ?? false, at: outcome.time)
    }
    try update(run, of: function)
  }

  /// A delivery was given up: if it executed a run, that has failed.
  func failRun(for letter: DeadLetter, of function: Int64) throws {
    let id = letter.event.kind == .run ? Int64(letter.event.subject) : letter.event.sequence
    guard let id, var run = try run(id, of: function) else { return }
    run.fail(by: letter.event.sequence, error: letter.error, at: letter.created)
    try update(run, of: function)
  }

  /// Runs of a function that are over since the oldest of them were last removed: finding these costs a walk over all that are kept.
  private static let pruneEvery = 32

  private func pruneRuns(of function: Int64) throws {
    runsUnpruned[function, default: 0] += 1
    guard runsUnpruned[function, default: 0] >= Self.pruneEvery else { return }
    runsUnpruned[function] = nil
    for status in DurableRun.Status.allCases where status.isOver {
      let oldest = try database.first(
        "SELECT run FROM runs WHERE function = ? AND status = ? ORDER BY run DESC LIMIT 1 OFFSET ?", .int(function), .text(status.rawValue),
        .int(Int64(Limits.runsKeptPerFunction))
      ) { $0.int(0) }
      guard let oldest else { continue }
      let runs = try database.rows(
        "SELECT run FROM runs WHERE function = ? AND status = ? AND run <= ? ORDER BY run LIMIT ?", .int(function), .text(status.rawValue), .int(oldest),
        .int(Int64(2 * Self.pruneEvery))
      ) { $0.int(0) }
      for run in runs { try deleteRun(run, of: function) }
    }
  }

  func deleteRun(_ run: Int64, of function: Int64) throws {
    try database.run("DELETE FROM run_steps WHERE function = ? AND run = ?", .int(function), .int(run))
    try database.run("DELETE FROM runs WHERE function = ? AND run = ?", .int(function), .int(run))
  }
}

extension DurableRun {
  /// What `init(row:)` reads, in its order.
  static let columns = "run, event, depth, version, status, driver, steps, bytes, stale, wake, executions, result, error, created, updated, ended"

  init(row: Statement) throws {
    guard let status = Status(rawValue: row.text(4)) else { throw RoostError(.internal, "A run has an unknown status.") }
    self.init(
      id: row.int(0), event: row.bytes(1), depth: Int(row.int(2)), version: row.int(3), status: status, driver: row.int(5), steps: Int(row.int(6)),
      bytes: Int(row.int(7)), isStale: row.bool(8), wake: row.optionalInt(9).map { Timestamp(milliseconds: $0) }, executions: Int(row.int(10)),
      result: row.optionalBytes(11), error: row.optionalText(12), created: Timestamp(milliseconds: row.int(13)), updated: Timestamp(milliseconds: row.int(14)),
      ended: row.optionalInt(15).map { Timestamp(milliseconds: $0) })
  }

  /// From `status` to `error`.
  fileprivate var changing: [SQLValue] {
    [
      .text(status.rawValue), .int(driver), .int(Int64(steps)), .int(Int64(bytes)), SQLValue(isStale), SQLValue(wake?.milliseconds), .int(Int64(executions)),
      SQLValue(utf8: result), SQLValue(error),
    ]
  }
}

extension RunStep {
  /// What `init(row:)` reads, in its order.
  static let columns = "name, occurrence, kind, status, attempts, result, error, due, wait_after, wait, created, ended"

  init(row: Statement) throws {
    guard let kind = Kind(rawValue: row.text(2)), let status = Status(rawValue: row.text(3)) else {
      throw RoostError(.internal, "A step is of an unknown kind.")
    }
    var wait = try row.optionalBytes(9).map { try EventWait(JSONValue(parsing: $0)) }
    wait?.after = row.int(8)
    self.init(
      key: StepKey(name: row.text(0), occurrence: Int(row.int(1))), kind: kind, status: status, attempts: Int(row.int(4)), result: row.optionalBytes(5),
      error: row.optionalBytes(6), due: row.optionalInt(7).map { Timestamp(milliseconds: $0) }, wait: wait, created: Timestamp(milliseconds: row.int(10)),
      ended: row.optionalInt(11).map { Timestamp(milliseconds: $0) })
  }

  /// From `status` to `wait_after`. Only while it waits can an event find it.
  fileprivate var changing: [SQLValue] {
    let isWaiting = status == .waiting
    return [
      .text(status.rawValue), .int(Int64(attempts)), SQLValue(utf8: result), SQLValue(utf8: error), SQLValue(due?.milliseconds),
      SQLValue(isWaiting ? wait?.event : nil), SQLValue(isWaiting ? wait?.after : nil),
    ]
  }
}
