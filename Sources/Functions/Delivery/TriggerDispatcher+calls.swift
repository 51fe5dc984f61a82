import Core

// Runs that somebody waits for.
extension TriggerDispatcher {
  /// Somebody waits for a run of that function.
  func invoke(_ invocation: DirectInvocation, _ answer: DirectReply) {
    guard !isDraining else { return answer.resume(throwing: RoostError(.unavailable, "The server is stopping.")) }
    guard let function = functions[invocation.function] else { return answer.resume(throwing: missing(invocation.function)) }
    if let refusal = meter.refusal(at: wall.now()) { return answer.resume(throwing: refusal) }
    let bytes = invocation.event.count
    let isSmall = bytes <= FunctionsLimits.callsWaitingBytesMax / FunctionsLimits.callsWaitingMax
    guard function.calls.count < FunctionsLimits.callsWaitingMax,
      isSmall || function.calls.reduce(bytes, { $0 + $1.invocation.event.count }) <= FunctionsLimits.callsWaitingBytesMax
    else {
      return answer.resume(throwing: RoostError(.overloaded, "Too many calls of function '\(function.name)' wait already.", retryAfter: .seconds(1)))
    }
    let version = invocation.version ?? function.deployed.live.main
    guard function.versions.assignments[version] != nil else {
      return answer.resume(throwing: VersionGone())
    }
    let patience = invocation.timeout ?? function.deployed.definition.timeout
    function.calls.append(
      DirectCall(invocation: invocation, version: version, answer: answer, giveUp: steady.now() + patience, since: wall.now()))
    mark(function)
  }

  /// A caller has gone. What waits is forgotten; what runs goes on, unless nothing but its answer's rest is left of it.
  func abandon(_ ticket: UInt64) {
    for function in functions.values {
      guard let place = function.calls.firstIndex(where: { $0.answer.ticket == ticket }) else { continue }
      return function.calls.remove(at: place).answer.resume(throwing: CancellationError())
    }
    pool.abandon(ticket)
  }

  /// Callers who wait for a worker are told that none will come.
  func refuseWaiting() {
    for function in functions.values {
      for call in function.calls { call.answer.resume(throwing: RoostError(.unavailable, "The server is stopping.")) }
      function.calls = []
    }
  }

  func missing(_ name: String) -> RoostError { RoostError(.functionNotFound, "There is no function '\(name.prefix(80))'.") }

  func refuseCalls(of function: TriggeredFunction, at now: Timestamp) {
    guard !function.calls.isEmpty, let refusal = meter.refusal(at: now) else { return }
    for call in function.calls { call.answer.resume(throwing: refusal) }
    function.calls = []
  }

  /// Somebody waits for these: they go first. A version without a free worker does not hold up calls of another.
  func nextCall(of function: TriggeredFunction) -> (Place, RunWork)? {
    refuseCallsOfGoneVersions(function)
    var busy: Set<UInt64> = []
    for (position, call) in function.calls.enumerated() {
      guard let assignment = function.assignment(for: call), !busy.contains(assignment.generation) else { continue }
      guard let place = place(for: assignment, waiting: function.waiting) else {
        busy.insert(assignment.generation)
        if busy.count == function.versions.assignments.count { return nil }
        continue
      }
      function.calls.remove(at: position)
      function.callsRunning += 1
      return (place, .direct(call))
    }
    return nil
  }

  /// Whoever chose a version was let in by that version's rule, which says nothing about another.
  private func refuseCallsOfGoneVersions(_ function: TriggeredFunction) {
    func isGone(_ call: DirectCall) -> Bool { call.invocation.version.map { function.versions.assignments[$0] == nil } ?? false }
    guard function.calls.contains(where: isGone) else { return }
    for call in function.calls where isGone(call) { call.answer.resume(throwing: VersionGone()) }
    function.calls.removeAll(where: isGone)
  }

  func giveUpWaiting(_ function: TriggeredFunction, _ now: ContinuousClock.Instant) {
    for call in function.calls where call.giveUp <= now {
      call.answer.resume(throwing: RoostError(.overloaded, "Function '\(function.name)' got no worker in time.", retryAfter: .seconds(1)))
    }
    function.calls.removeAll { $0.giveUp <= now }
  }
}
