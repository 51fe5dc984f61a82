import Core
import JSON

// What the engine asks about durable runs.
extension FunctionsService {
  func perform(_ call: StepCall) async -> LocalAnswer {
    do {
      let now = wall.now()
      let policy = call.policy
      let reply = try await functions.tell(
        command(call, at: now), by: call.execution, at: now,
        retryAfter: { attempts in
          guard attempts < policy.attemptsMax else { return nil }
          var chance = SecureRandom()
          return policy.delay(afterAttempts: attempts, using: &chance)
        })
      return reply.answer(run: String(call.execution.run))
    } catch let error as RoostError {
      return LocalAnswer(error)
    } catch {
      return LocalAnswer(RoostError(.unavailable, "The step could not be recorded."))
    }
  }

  private func command(_ call: StepCall, at now: Timestamp) throws -> StepCommand {
    let command = try StepCommand(target: call.target, body: call.body, at: now)
    guard case .failed(let key, let error, let isFinal) = command, let mask = call.mask else { return command }
    return .failed(key, error: Array(mask.masking(String(decoding: error, as: UTF8.self)).utf8), isFinal: isFinal)
  }

  /// Wakes what is due, and matches one stretch of the log with the steps that wait for events.
  /// - Parameter matchedThrough: how far that was done, which the store is told of only now and then.
  func tendRuns(matchedThrough: Int64) async -> Result<TendedRuns, any Error> {
    do {
      let agenda = try await functions.wakeRuns(at: wall.now(), limit: Limits.runsPerCommitMax)
      guard let known = agenda.matchAfter else { return .success(TendedRuns(agenda: agenda, matchedThrough: matchedThrough, isAtEnd: true)) }
      let after = max(known, matchedThrough)
      // First the events, then the waits: a wait that is not among these began after all of the events.
      let events = try await log.events(after: after, limit: FunctionsLimits.matchEventsMax)
      guard let last = events.last else { return .success(TendedRuns(agenda: agenda, matchedThrough: after, isAtEnd: true)) }
      let matches = try await matches(events)
      // A cursor that is older than it could be costs a second look after a crash, and each one written costs a commit.
      let isWorthIt = !matches.isEmpty || last.sequence - known >= Int64(FunctionsLimits.matchEventsMax)
      let next = isWorthIt ? try await functions.resolve(matches, through: last.sequence, at: wall.now()) : agenda
      return .success(TendedRuns(agenda: next, matchedThrough: last.sequence, isAtEnd: events.count < FunctionsLimits.matchEventsMax))
    } catch {
      return .failure(error)
    }
  }

  private func matches(_ events: [LogEvent]) async throws -> [WaitMatch] {
    let waitable = Dictionary(grouping: events.filter(\.isWaitable), by: \.type)
    let names = Set(waitable.keys)
    var matches: [WaitMatch] = []
    var row: Int64 = 0
    while true {
      let waits = try await functions.waits(for: names, after: row, limit: FunctionsLimits.matchWaitsMax)
      for one in waits {
        guard let event = waitable[one.wait.event]?.first(where: { one.wait.matches($0) }) else { continue }
        matches.append(WaitMatch(row: one.row, name: one.wait.event, sequence: event.sequence, result: result(event)))
      }
      guard waits.count == FunctionsLimits.matchWaitsMax, let last = waits.last else { return matches }
      row = last.row
    }
  }

  /// What does not fit a step's result comes without its data.
  private func result(_ event: LogEvent) -> [UInt8] {
    let whole = event.cloudEvent(project: project)
    guard whole.count > Limits.stepResultBytesMax else { return whole }
    return LogEvent(
      sequence: event.sequence, time: event.time, kind: event.kind, action: event.action, container: event.container, subject: event.subject, before: nil,
      after: nil, auth: event.auth, depth: event.depth, trace: event.trace
    ).cloudEvent(project: project)
  }

  /// What functions get of a reading: events that wake a run with what it began with; those of runs that nobody is to execute are gone.
  func completed(_ events: [LogEvent], for function: String) async throws -> [LogEvent] {
    guard events.contains(where: { $0.kind == .run }) else { return events }
    var completed: [LogEvent] = []
    for event in events {
      guard event.kind == .run else {
        completed.append(event)
        continue
      }
      guard let run = event.runID, let first = try await functions.event(ofRun: run, of: function, driver: event.sequence) else { continue }
      completed.append(event.carrying(first))
    }
    return completed
  }
}

struct TendedRuns: Sendable {
  let agenda: RunsAgenda
  let matchedThrough: Int64
  /// The log was matched to its end, as it was.
  let isAtEnd: Bool
}
