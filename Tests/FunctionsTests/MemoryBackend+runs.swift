import Core
import JSON

@testable import Functions

/// Durable runs in memory: the same machine as in the store, with the same commits.
struct MemoryRuns {
  struct Key: Hashable {
    let function: String
    let run: Int64
  }

  var runs: [Key: DurableRun] = [:]
  var steps: [Key: [RunStep]] = [:]
  var matchedThrough: Int64 = 0

  func agenda() -> RunsAgenda {
    let waiting = runs.keys.flatMap { key in (steps[key] ?? []).filter { $0.status == .waiting && !(runs[key]?.status.isOver ?? true) } }
    return RunsAgenda(
      nextWake: runs.values.compactMap(\.wake).min(), matchAfter: waiting.compactMap { $0.wait?.after }.min().map { max($0, matchedThrough) })
  }

  mutating func tell(
    _ command: StepCommand, by execution: RunExecution, lastSequence: Int64, at now: Timestamp, retryAfter: (Int) -> Duration?
  ) throws -> StepReply {
    let key = Key(function: execution.function, run: execution.run)
    if case .begin = command {
      if runs[key] == nil {
        guard let event = execution.event else { return .over }
        runs[key] = DurableRun(
          id: execution.run, event: event, depth: execution.depth, version: execution.version, driver: execution.driver, created: now, updated: now)
      }
      guard runs[key]?.begin(by: execution.driver, at: now) ?? false else { return .over }
      return .begun(steps[key] ?? [])
    }
    guard var run = runs[key], run.isExecuted(by: execution.driver) else { return .over }
    let name: StepKey
    switch command {
    case .begin: return .over
    case .completed(let key, _), .failed(let key, _, _), .sleeping(let key, _), .waiting(let key, _, _): name = key
    }
    let place = (steps[key] ?? []).firstIndex { $0.key == name }
    let known = place.flatMap { steps[key]?[$0] }
    guard let step = try run.take(command, known: known, lastSequence: lastSequence, at: now, retryAfter: retryAfter) else { return .over }
    if let place { steps[key]?[place] = step } else { steps[key, default: []].append(step) }
    runs[key] = run
    return .step(step)
  }

  /// The functions and runs to write events for.
  mutating func wake(at now: Timestamp, lastSequence: Int64, limit: Int) -> [Key] {
    let due = runs.filter { $0.value.wake.map { $0 <= now } ?? false }.keys.sorted { $0.run < $1.run }.prefix(limit)
    var woken: [Key] = []
    for key in due where runs[key]?.wakeUp(driver: lastSequence + Int64(woken.count) + 1, at: now) ?? false {
      for place in (steps[key] ?? []).indices { steps[key]?[place].wake(at: now) }
      woken.append(key)
    }
    return woken
  }

  mutating func record(_ outcome: RunOutcome, of function: String) {
    let key = Key(function: function, run: outcome.run)
    switch outcome.end {
    case .completed(let result): runs[key]?.complete(by: outcome.driver, result: result, at: outcome.time)
    case .suspended:
      let pending = (steps[key] ?? []).filter { $0.due != nil }
      runs[key]?.suspend(
        by: outcome.driver, nextDue: pending.compactMap(\.due).min(), waits: pending.contains { $0.status == .waiting }, at: outcome.time)
    }
  }

  mutating func failed(_ letter: DeadLetter, of function: String) {
    guard let run = letter.event.runID else { return }
    runs[Key(function: function, run: run)]?.fail(by: letter.event.sequence, error: letter.error, at: letter.created)
  }

  /// Rows are counted over all steps in the order of their runs.
  private var rows: [(row: Int64, key: Key, place: Int)] {
    var rows: [(Int64, Key, Int)] = []
    for key in runs.keys.sorted(by: { ($0.function, $0.run) < ($1.function, $1.run) }) {
      for place in (steps[key] ?? []).indices { rows.append((key.run << 12 | Int64(place), key, place)) }
    }
    return rows
  }

  func waits(for events: Set<String>, after row: Int64, limit: Int) -> [WaitingStep] {
    let found = rows.compactMap { one -> WaitingStep? in
      guard let step = steps[one.key]?[one.place], step.status == .waiting, let wait = step.wait, events.contains(wait.event), one.row > row else { return nil }
      return WaitingStep(row: one.row, wait: wait)
    }
    return Array(found.sorted { $0.row < $1.row }.prefix(limit))
  }

  mutating func resolve(_ matches: [WaitMatch], through: Int64, at now: Timestamp) {
    for match in matches {
      guard let (_, key, place) = rows.first(where: { $0.row == match.row }), let after = steps[key]?[place].wait?.after, after < match.sequence,
        steps[key]?[place].comeTrue(match.result, at: now) ?? false
      else { continue }
      runs[key]?.cameTrue(at: now)
    }
    matchedThrough = max(matchedThrough, through)
  }
}

extension MemoryBackend {
  func tell(
    _ command: StepCommand, by execution: RunExecution, at now: Timestamp, retryAfter: @escaping @Sendable (Int) -> Duration?
  ) async throws -> StepReply {
    try change { state in
      try state.runs.tell(command, by: execution, lastSequence: Int64(state.events.count), at: now, retryAfter: retryAfter)
    }
  }

  func event(ofRun run: Int64, of function: String, driver: Int64) async throws -> [UInt8]? {
    state.runs.runs[MemoryRuns.Key(function: function, run: run)].flatMap { $0.driver == driver && !$0.status.isSuspended ? $0.event : nil }
  }

  func wakeRuns(at now: Timestamp, limit: Int) async throws -> RunsAgenda {
    let (agenda, woke) = change { state in
      let woken = state.runs.wake(at: now, lastSequence: Int64(state.events.count), limit: limit)
      for key in woken {
        state.events.append(
          LogEvent(
            sequence: Int64(state.events.count + 1), time: now, kind: .run, action: .updated, container: LogEvent.runsContainer(of: key.function),
            subject: String(key.run), before: nil, after: nil, auth: nil, depth: state.runs.runs[key]?.depth ?? 0))
      }
      return (state.runs.agenda(), !woken.isEmpty)
    }
    if woke { wake() }
    return agenda
  }

  func waits(for events: Set<String>, after row: Int64, limit: Int) async throws -> [WaitingStep] {
    state.runs.waits(for: events, after: row, limit: limit)
  }

  func resolve(_ matches: [WaitMatch], through: Int64, at now: Timestamp) async throws -> RunsAgenda {
    change { state in
      state.runs.resolve(matches, through: through, at: now)
      return state.runs.agenda()
    }
  }

  func runs(of function: String, status: DurableRun.Status?, limit: Int, before: Int64?) async throws -> [DurableRun] {
    state.runs.runs.filter { $0.key.function == function && (status == nil || $0.value.status == status) }.values.sorted { $0.id > $1.id }
  }

  func run(_ id: Int64, of function: String) async throws -> (run: DurableRun, steps: [RunStep])? {
    let runs = state.runs
    let key = MemoryRuns.Key(function: function, run: id)
    return runs.runs[key].map { ($0, runs.steps[key] ?? []) }
  }

  func cancelRun(_ id: Int64, of function: String, at now: Timestamp) async throws -> DurableRun? {
    change { state in
      let key = MemoryRuns.Key(function: function, run: id)
      guard state.runs.runs[key]?.cancel(at: now) ?? false else { return nil }
      return state.runs.runs[key]
    }
  }

  func pruneRuns(before moment: Timestamp) async throws {}
}
