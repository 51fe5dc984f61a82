import Core
import JSON

// How runs end, and what is written down of them.
extension TriggerDispatcher {
  func finished(_ report: RunReport) {
    guard let (function, version, then) = versions[report.generation] else {
      if case .direct(let call) = report.run.work { call.answer.resume(throwing: missing(call.invocation.function)) }
      return
    }
    mark(function)
    switch report.run.work {
    case .delivery(let delivery):
      // Its own version's, which may serve no longer.
      finished(delivery, of: function, version: version, then: then, report)
      if let next = report.next { function.machine.promoted(next) }
    case .direct(let call):
      function.callsRunning -= 1
      guard !isStopping, !report.isHandedBack else { return call.answer.resume(throwing: RoostError(.unavailable, "The server is stopping.")) }
      let (invocation, logs) = record(report, of: function, version: version)
      call.answer.resume(returning: DirectAnswer(invocation: invocation, logs: logs, value: report.value))
    }
  }

  private func finished(_ delivery: Delivery, of function: TriggeredFunction, version: Int64, then next: [String], _ report: RunReport) {
    let sequence = delivery.event.sequence
    // Stopped by us, not by anything that it did.
    guard !isStopping, !report.isHandedBack else {
      meter.handedBack(at: wall.now())
      return function.machine.handedBack(sequence)
    }
    if report.status == .succeeded, !next.isEmpty, let value = report.value, value.count > Limits.eventDataBytesMax {
      return finished(
        delivery, of: function, version: version, then: next,
        report.failed("The function returned more than \(Limits.eventDataBytesMax) bytes, which is what the next one can take."))
    }
    if report.status == .succeeded, let gone = next.first(where: { functions[$0] == nil }) {
      // Trying again would find as little. As a dead letter it waits until there is one, and nobody misses it.
      return failed(
        delivery, of: function, version: version,
        report.failed("Its result is for the function '\(gone)', which is not there any more. Deploy that, and replay this event."), isFinal: true)
    }
    guard report.status == .succeeded || report.status == .suspended else {
      if report.run.isFinal, function.deployed.definition.remote != nil {
        notice("function '\(function.name)': its endpoint is gone (410); its events become dead letters")
      }
      return failed(delivery, of: function, version: version, report, isFinal: report.run.isFinal)
    }
    _ = record(report, of: function, version: version)
    if report.run.usesSteps { runEnded(delivery, of: function, report) }
    if report.status == .succeeded { function.machine.completed(next.map { completion(of: function.name, next: $0, delivery, report) }) }
    function.machine.succeeded(sequence, at: wall.now())
  }

  private func failed(_ delivery: Delivery, of function: TriggeredFunction, version: Int64, _ report: RunReport, isFinal: Bool) {
    let (invocation, _) = record(report, of: function, version: version)
    if let wait = report.retryAfter { function.heldUntil = max(steady.now() + wait, function.heldUntil ?? steady.now()) }
    function.machine.failed(
      delivery.event.sequence, error: invocation.error ?? report.status.rawValue, invocation: invocation.id, isFinal: isFinal, wait: report.retryAfter ?? .zero,
      at: wall.now())
  }

  private func completion(of name: String, next: String, _ delivery: Delivery, _ report: RunReport) -> FunctionResult {
    let auth: JSONValue = ["type": "function", "id": .string(name)]
    let actor = EventActor(auth: auth.bytes(), depth: delivery.event.depth + 1, trace: report.run.trace)
    return FunctionResult(next: next, subject: delivery.event.firstPath, value: report.value ?? Array("null".utf8), actor: actor)
  }

  /// No worker could load the module: that is a failed attempt of the delivery that it was loaded for.
  func loadFailed(_ generation: UInt64, _ status: Invocation.Status, _ error: String, _ lines: [InvocationOutput.Line]) {
    guard let function = versions[generation]?.function, function.versions.version(of: generation) != nil, !isStopping else { return }
    mark(function)
    let now = wall.now()
    let work: RunWork
    if let position = function.calls.firstIndex(where: { function.assignment(for: $0)?.generation == generation }) {
      function.callsRunning += 1
      work = .direct(function.calls.remove(at: position))
    } else if let delivery = function.machine.start(
      at: now, among: FunctionsLimits.deliveriesLookedAtMax, where: { function.versions.assignment(for: $0)?.generation == generation })
    {
      work = .delivery(delivery)
    } else {
      return
    }
    meter.started(at: now)
    let run = Worker.Run(id: 0, work: work, started: now, begin: steady.now(), isCold: true, cpuBefore: nil)
    finished(RunReport(generation: generation, run: run, status: status, error: error, duration: .zero, cpu: nil, memoryPeak: nil, lines: lines))
  }

  func record(_ report: RunReport, of function: TriggeredFunction, version: Int64) -> (Invocation, [InvocationLog]) {
    let id = report.run.told?.invocation ?? nextID(at: report.run.started)
    let mask = mask(of: report.generation)
    let (sequence, type, subject): (Int64?, String, String) =
      switch report.run.work {
      case .delivery(let delivery): (delivery.event.sequence, delivery.event.type, delivery.event.path)
      case .direct(let call): (nil, call.invocation.eventType, call.invocation.eventSubject)
      }
    let invocation = Invocation(
      id: id, function: function.name, version: version, eventSequence: sequence, eventType: type, eventSubject: subject, attempt: report.run.work.attempt,
      status: report.status, error: report.error.map(mask.masking), started: report.run.started, duration: report.duration, isCold: report.run.isCold,
      cpu: report.cpu, memoryBytesPeak: report.memoryPeak, queued: report.run.work.since.map { max(.zero, report.run.started - $0) },
      memoryBytesMax: function.deployed.definition.memoryBytesMax, trace: report.run.trace)
    meter.ended(invocation, at: wall.now())
    let told = report.run.told?.lines ?? []
    let new = logs(report.lines[told.count...], of: id, report.generation)
    let logs = told + new
    function.machine.ran(invocation, logs: logs)
    function.counters.add(invocation)
    tails.printed(new, by: function.name)
    return (invocation, logs)
  }

  func mask(of generation: UInt64) -> SecretMask { masks[generation] ?? SecretMask([:]) }

  func nextID(at time: Timestamp) -> String { identifiers.next(at: time) }
}
