import JSON

/// A function's run that lasts longer than one execution: what its steps have done is kept, and each execution goes on from there. A plain
/// state machine: it knows no store and no clock.
///
/// It promises:
/// - One execution at a time: only the delivery of the log event `driver` may execute it. A repeated delivery of an older one is told to stop.
/// - A finished step is finished: no later word changes it.
/// - Nothing that came true while it ran is forgotten: then it is woken as soon as it is suspended.
package struct DurableRun: Sendable {
  package enum Status: String, Sendable, CaseIterable {
    case running, sleeping, waiting, completed, failed, cancelled

    package var isOver: Bool { self == .completed || self == .failed || self == .cancelled }
    /// Whether no worker has anything to do for it until it is woken.
    package var isSuspended: Bool { self == .sleeping || self == .waiting }
  }

  /// The place in the log of the event that began it: also the event's id.
  package let id: Int64
  /// That event, as a CloudEvent in JSON: what every execution gets.
  package let event: [UInt8]
  package let depth: Int
  /// The function's version that began it. Every execution is of the version that is current then.
  package let version: Int64
  package var status: Status
  package var driver: Int64
  package var steps: Int
  /// Of its steps.
  package var bytes: Int
  /// A wait came true while it ran.
  package var isStale: Bool
  /// When it is to be woken; nil while it runs and once it is over.
  package var wake: Timestamp?
  package var executions: Int
  /// JSON that the handler returned.
  package var result: [UInt8]?
  package var error: String?
  package let created: Timestamp
  package var updated: Timestamp
  package var ended: Timestamp?

  package init(
    id: Int64, event: [UInt8], depth: Int, version: Int64, status: Status = .running, driver: Int64, steps: Int = 0, bytes: Int = 0, isStale: Bool = false,
    wake: Timestamp? = nil, executions: Int = 0, result: [UInt8]? = nil, error: String? = nil, created: Timestamp, updated: Timestamp, ended: Timestamp? = nil
  ) {
    self.id = id
    self.event = event
    self.depth = depth
    self.version = version
    self.status = status
    self.driver = driver
    self.steps = steps
    self.bytes = bytes
    self.isStale = isStale
    self.wake = wake
    self.executions = executions
    self.result = result
    self.error = error
    self.created = created
    self.updated = updated
    self.ended = ended
  }

  // MARK: Executions

  /// An execution asks to go on. False: it is not its turn, and it has to stop. A failed run whose dead letter is replayed goes on.
  package mutating func begin(by driver: Int64, at now: Timestamp) -> Bool {
    guard driver == self.driver, status == .running || status == .failed else { return false }
    status = .running
    error = nil
    ended = nil
    executions += 1
    updated = now
    return true
  }

  package func isExecuted(by driver: Int64) -> Bool { status == .running && driver == self.driver }

  /// The execution waits for nothing but what its steps wait for; `nextDue` is the earliest of these, `waits` whether one of them is an event.
  package mutating func suspend(by driver: Int64, nextDue: Timestamp?, waits: Bool, at now: Timestamp) {
    guard isExecuted(by: driver) else { return }
    guard isStale || nextDue != nil else { return fail("The function's handler waits for something, and no step of it does.", at: now) }
    status = waits ? .waiting : .sleeping
    wake = isStale ? now : nextDue
    isStale = false
    updated = now
  }

  /// Its time has come. `driver` is the event that was written to the log for it. False if nobody waits for that.
  package mutating func wakeUp(driver: Int64, at now: Timestamp) -> Bool {
    guard status.isSuspended, let wake, wake <= now else { return false }
    status = .running
    self.wake = nil
    self.driver = driver
    updated = now
    return true
  }

  /// One of its waits came true.
  package mutating func cameTrue(at now: Timestamp) {
    if status == .running { isStale = true }
    if status.isSuspended { wake = now }
  }

  package mutating func complete(by driver: Int64, result: [UInt8]?, at now: Timestamp) {
    guard isExecuted(by: driver) else { return }
    self.result = result
    end(.completed, at: now)
  }

  /// The delivery was given up.
  package mutating func fail(by driver: Int64, error: String, at now: Timestamp) {
    guard isExecuted(by: driver) else { return }
    fail(error, at: now)
  }

  /// False if it is over already.
  package mutating func cancel(at now: Timestamp) -> Bool {
    guard !status.isOver else { return false }
    end(.cancelled, at: now)
    return true
  }

  private mutating func fail(_ error: String, at now: Timestamp) {
    self.error = error
    end(.failed, at: now)
  }

  private mutating func end(_ status: Status, at now: Timestamp) {
    self.status = status
    wake = nil
    isStale = false
    updated = now
    ended = now
  }

  // MARK: Steps

  /// Takes what its execution says about one step, and returns the step as it then is. `known` is the step as it was; `lastSequence` is the end
  /// of the log; `retryAfter` says how long to wait after so many attempts, nil when there are no more.
  /// Throws `conflict` where the step was of another kind, `payload_too_large` or `validation_failed` past a limit.
  package mutating func take(
    _ command: StepCommand, known: RunStep?, lastSequence: Int64, at now: Timestamp, retryAfter: (Int) -> Duration?
  ) throws -> RunStep? {
    let (key, kind): (StepKey, RunStep.Kind)
    switch command {
    case .begin: return nil
    case .completed(let named, _), .failed(let named, _, _): (key, kind) = (named, .run)
    case .sleeping(let named, _): (key, kind) = (named, .sleep)
    case .waiting(let named, _, _): (key, kind) = (named, .event)
    }
    if let known {
      guard known.kind == kind else { throw RunStep.changed(key, was: known.kind, isNow: kind) }
      // Told twice, or it sleeps already.
      guard known.status == .retrying else { return known }
    }
    var step = known ?? RunStep(key: key, kind: kind, status: .completed, created: now)
    switch command {
    case .begin: break
    case .completed(_, let result):
      step.status = .completed
      step.result = result
      step.error = nil
      step.attempts += 1
    case .failed(_, let error, let isFinal):
      step.attempts += 1
      step.error = error
      let wait = isFinal ? nil : retryAfter(step.attempts)
      step.status = wait == nil ? .failed : .retrying
      step.due = wait.map { now + $0 }
    case .sleeping(_, let until):
      step.status = .sleeping
      step.due = until
    case .waiting(_, var wait, let until):
      wait.after = lastSequence
      step.status = .waiting
      step.wait = wait
      step.due = until
    }
    if step.status.isFinished {
      step.due = nil
      step.ended = now
    }
    try charge(step, known)
    updated = now
    return step
  }

  private mutating func charge(_ step: RunStep, _ known: RunStep?) throws {
    if known == nil {
      guard steps < Limits.stepsPerRunMax else {
        throw Self.tooManySteps
      }
      steps += 1
    }
    let more = step.bytes - (known?.bytes ?? 0)
    guard bytes + more <= Limits.stepBytesPerRunMax else { throw Self.tooLarge }
    bytes += more
  }

  package static var tooManySteps: RoostError {
    RoostError(.validationFailed, "A run has at most \(Limits.stepsPerRunMax) steps; split the work among several runs.")
  }

  package static var tooLarge: RoostError {
    RoostError(
      .payloadTooLarge,
      "The results of this run's steps are larger than \(Limits.stepBytesPerRunMax >> 20) MB together; store them as documents or files and return their ids."
    )
  }
}

extension RunStep {
  /// A deploy in the middle of a run made another kind of step of that name.
  package static func changed(_ key: StepKey, was: Kind, isNow: Kind) -> RoostError {
    func name(_ kind: Kind) -> String {
      switch kind {
      case .run: "step.run"
      case .sleep: "step.sleep"
      case .event: "step.waitForEvent"
      }
    }
    return RoostError(
      .conflict, "Step \(key.text) was a \(name(was)) when this run came by it, and is a \(name(isNow)) now: give the new step another name.")
  }
}

extension DurableRun {
  /// As callers see it, without its steps.
  package func value(function: String) -> JSONValue {
    let event = try? JSONValue(parsing: event)
    return [
      "id": .string(String(id)), "function": .string(function), "status": .string(status.rawValue),
      "event": ["id": event?["id"] ?? .null, "type": event?["type"] ?? .null, "subject": event?["subject"] ?? .null], "version": .int(version),
      "stepCount": .int(Int64(steps)), "executions": .int(Int64(executions)), "wakesAt": wake.map { .string($0.text) } ?? .null,
      "result": result.flatMap { try? JSONValue(parsing: $0) } ?? .null, "error": error.map(JSONValue.string) ?? .null,
      "createdAt": .string(created.text), "updatedAt": .string(updated.text), "endedAt": ended.map { .string($0.text) } ?? .null,
    ]
  }
}
