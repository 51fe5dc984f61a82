import Core
import JSON

// Executions of durable runs, and what callers see of them.
extension SQLiteFunctionStore {
  func tell(
    _ command: StepCommand, by execution: RunExecution, at now: Timestamp, retryAfter: @escaping @Sendable (Int) -> Duration?
  ) async throws -> StepReply {
    try await writer.write { transaction in
      guard let number = try transaction.database.functionNumber(execution.function) else { return .over }
      if case .begin = command { return try transaction.begin(execution, of: number, at: now) }
      guard var run = try transaction.run(execution.run, of: number), run.isExecuted(by: execution.driver), let key = command.key else { return .over }
      let known = try transaction.step(key, of: run.id, number)
      let position = run.steps
      guard
        let step = try run.take(command, known: known, lastSequence: transaction.lastSequence, at: now, retryAfter: retryAfter)
      else { return .over }
      try transaction.save(step, isNew: known == nil, position: position, of: run.id, number)
      try transaction.update(run, of: number)
      return .step(step)
    }
  }

  func event(ofRun run: Int64, of function: String, driver: Int64) async throws -> [UInt8]? {
    try await readers.read { database in
      try database.first(
        """
        SELECT event FROM runs WHERE function = (SELECT number FROM functions WHERE name = ?) AND run = ? AND driver = ? AND status IN ('running', 'failed')
        """, .text(function), .int(run), .int(driver)
      ) { $0.bytes(0) }
    }
  }

  func runs(of function: String, status: DurableRun.Status?, limit: Int, before: Int64?) async throws -> [DurableRun] {
    try await readers.read { database in
      let filter = status == nil ? "" : "AND status = ?4"
      let values: [SQLValue] = [.text(function), .int(before ?? .max), .int(Int64(limit))] + (status.map { [.text($0.rawValue)] } ?? [])
      return try database.rows(
        """
        SELECT \(DurableRun.columns) FROM runs
        WHERE function = (SELECT number FROM functions WHERE name = ?1) AND run < ?2 \(filter) ORDER BY run DESC LIMIT ?3
        """, values
      ) { try DurableRun(row: $0) }
    }
  }

  func run(_ id: Int64, of function: String) async throws -> (run: DurableRun, steps: [RunStep])? {
    try await readers.read { database in
      guard let number = try database.functionNumber(function) else { return nil }
      let sql = "SELECT \(DurableRun.columns) FROM runs WHERE function = ? AND run = ?"
      guard let run = try database.first(sql, .int(number), .int(id), row: { try DurableRun(row: $0) }) else { return nil }
      return (run, try database.steps(of: id, number))
    }
  }

  func cancelRun(_ id: Int64, of function: String, at now: Timestamp) async throws -> DurableRun? {
    try await writer.write { transaction in
      guard let number = try transaction.database.functionNumber(function), var run = try transaction.run(id, of: number) else { return nil }
      guard run.cancel(at: now) else { throw RoostError(.conflict, "The run is over: it is \(run.status.rawValue).") }
      try transaction.update(run, of: number)
      return run
    }
  }

  func pruneRuns(before moment: Timestamp) async throws {
    while true {
      let count = try await writer.write { transaction in
        let old = try transaction.database.rows(
          "SELECT function, run FROM runs WHERE ended < ? ORDER BY ended LIMIT ?", .int(moment.milliseconds), .int(Int64(Limits.runsPerCommitMax))
        ) { ($0.int(0), $0.int(1)) }
        for (function, run) in old { try transaction.deleteRun(run, of: function) }
        return old.count
      }
      if count < Limits.runsPerCommitMax { return }
    }
  }
}

extension StepCommand {
  fileprivate var key: StepKey? {
    switch self {
    case .begin: nil
    case .completed(let key, _), .failed(let key, _, _), .sleeping(let key, _), .waiting(let key, _, _): key
    }
  }
}

extension Database {
  fileprivate func steps(of run: Int64, _ function: Int64) throws -> [RunStep] {
    try rows("SELECT \(RunStep.columns) FROM run_steps WHERE function = ? AND run = ? ORDER BY position", .int(function), .int(run)) { try RunStep(row: $0) }
  }
}

extension WriteTransaction {
  fileprivate func begin(_ execution: RunExecution, of function: Int64, at now: Timestamp) throws -> StepReply {
    if var run = try run(execution.run, of: function) {
      let hadFailed = run.status == .failed
      guard run.begin(by: execution.driver, at: now) else { return .over }
      if hadFailed { try forgetLastFailures(of: &run, function) }
      try update(run, of: function)
      return .begun(try database.steps(of: run.id, function))
    }
    guard let event = execution.event else { return .over }
    try requireRoom(of: function)
    var run = DurableRun(
      id: execution.run, event: event, depth: execution.depth, version: execution.version, driver: execution.driver, created: now, updated: now)
    _ = run.begin(by: execution.driver, at: now)
    try insert(run, of: function)
    return .begun([])
  }

  /// Counting costs a walk over all of them, so not every new one is preceded by it.
  private func requireRoom(of function: Int64) throws {
    let known = runsUncounted[function] ?? 0
    guard known <= 0 else { return runsUncounted[function] = known - 1 }
    let unfinished = try database.first(
      "SELECT count(*) FROM runs WHERE function = ? AND status IN ('running', 'sleeping', 'waiting')", .int(function)
    ) { $0.int(0) }
    let room = Limits.runsUnfinishedMax - Int(unfinished ?? 0)
    guard room > 0 else { throw RoostError(.overloaded, "The function has \(Limits.runsUnfinishedMax) runs that are not over.") }
    runsUncounted[function] = min(room - 1, 1000)
  }
}
