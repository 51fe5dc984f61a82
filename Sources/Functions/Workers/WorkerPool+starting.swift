import Core

// How workers come into being.
extension WorkerPool {
  /// A free worker of that function. Without one, starts one if that is allowed, and answers `nil`.
  func take(_ assignment: WorkerAssignment) -> Worker? {
    if let worker = groups[assignment.generation]?.idle.popLast() { return worker }
    grow(assignment)
    return nil
  }

  func grow(_ assignment: WorkerAssignment) {
    let group = groups[assignment.generation] ?? Group()
    // One at a time: while a worker comes up, the others may catch up with what waits.
    guard group.starting == 0, group.workers < assignment.definition.concurrency else { return }
    if let mayStartAt, steady.now() < mayStartAt { return }
    let free = configuration.maxWorkers - serving
    // The last quarter is for functions that have none: a busy one cannot starve the others.
    let reserve = groups.count > 1 ? configuration.maxWorkers / 4 : 0
    if free <= (group.workers == 0 ? 0 : reserve), !makeRoom(for: assignment.generation, hasNone: group.workers == 0) { return }

    let worker: Worker
    if let spare, spare.memoryBytesMax == assignment.definition.memoryBytesMax {
      worker = spare
      self.spare = nil
    } else {
      guard let started = start(memoryBytes: assignment.definition.memoryBytesMax) else { return }
      worker = started
    }
    worker.assignment = assignment
    groups[assignment.generation, default: Group()].workers += 1
    groups[assignment.generation, default: Group()].starting += 1
    if case .blank = worker.state { load(worker) }
  }

  /// Ends an idle worker of another function that has several, or that has been idle for a second.
  func makeRoom(for generation: UInt64, hasNone: Bool) -> Bool {
    guard hasNone else { return false }
    let now = steady.now()
    var oldest: (worker: Worker, since: ContinuousClock.Instant)?
    for (other, group) in groups where other != generation {
      guard let worker = group.idle.first, case .idle(let since) = worker.state, group.workers > 1 || now - since >= .seconds(1) else { continue }
      if let found = oldest, found.since <= since { continue }
      oldest = (worker, since)
    }
    guard let oldest else { return false }
    end(oldest.worker)
    return true
  }

  /// Starts a process; `nil` if that is not possible now.
  func start(memoryBytes: Int64) -> Worker? {
    guard let command = WorkerCommand(level: trying, changesUser: changesUser, configuration: configuration, memoryBytes: memoryBytes) else {
      startFailed("Deno is not installed", at: trying)
      return nil
    }
    let process: WorkerProcess
    do {
      process = try WorkerProcess(command)
    } catch {
      startFailed(error.reason, at: trying)
      return nil
    }
    let worker = Worker(id: nextWorker, process: process, level: trying, memoryBytesMax: memoryBytes)
    nextWorker += 1
    worker.deadline = steady.now() + FunctionsLimits.workerStartTimeMax
    workers[worker.id] = worker
    poller.add(process.socket, token: Self.token(worker, .socket))
    poller.add(process.errors, token: Self.token(worker, .errors))
    poller.add(process.exit, token: Self.token(worker, .exit))
    return worker
  }

  /// A process did not come up. The level is lowered if none has ever come up at it; else the next start waits.
  func startFailed(_ why: String, at tried: SandboxLevel) {
    // A second one from before the level was lowered.
    if level == nil, tried != trying { return }
    if level == nil, trying == .full {
      reason = "bubblewrap does not work on this machine: \(why)"
      trying = .reduced
      ensureSpare()
      return
    }
    if level == nil, trying == .reduced, changesUser {
      // That user may not be able to reach the interpreter.
      changesUser = false
      ensureSpare()
      return
    }
    if level == nil {
      level = SandboxLevel.none
      reason = why
      events.append(configuration.requireSandbox ? .refused(why) : .notice("functions cannot run: \(why)"))
    } else if startFailures == 0 {
      events.append(.notice("a worker did not start: \(why)"))
    }
    let wait = min(FunctionsLimits.startRetryMin * (1 << min(startFailures, 10)), FunctionsLimits.startRetryMax)
    startFailures += 1
    mayStartAt = steady.now() + wait
  }

  func cameUp(_ worker: Worker, runtime: String) {
    startFailures = 0
    mayStartAt = nil
    guard level == nil || level == SandboxLevel.none else { return }
    level = worker.level
    self.runtime = runtime
    if worker.level == .full { reason = nil }
    guard worker.level < .full else { return }
    let text = "functions run in a reduced sandbox: \(reason ?? "bubblewrap is not installed")"
    events.append(configuration.requireSandbox ? .refused(text) : .notice(text))
  }

  func ensureSpare() {
    guard wantsSpare || level == nil, spare == nil, !isClosed else { return }
    if let mayStartAt, steady.now() < mayStartAt { return }
    spare = start(memoryBytes: Int64(Limits.functionMemoryBytesDefault))
  }

  /// Loads a source to see whether it can be.
  func check(_ definition: FunctionDefinition, _ continuation: CheckedContinuation<Void, any Error>) {
    guard checks < FunctionsLimits.checksMax else {
      continuation.resume(throwing: RoostError(.overloaded, "Too many functions are being deployed at once; try again.", retryAfter: .seconds(1)))
      return
    }
    var taken: Worker?
    if let spare {
      taken = spare
      self.spare = nil
    } else {
      taken = start(memoryBytes: definition.memoryBytesMax)
    }
    guard let worker = taken else {
      continuation.resume(throwing: unavailable)
      return
    }
    checks += 1
    worker.check = continuation
    worker.assignment = WorkerAssignment(generation: 0, definition: definition)
    if case .blank = worker.state { load(worker) }
  }

  var unavailable: RoostError { RoostError(.unavailable, "Functions cannot run on this server: \(reason ?? "no worker starts").") }

  func load(_ worker: Worker) {
    guard let assignment = worker.assignment else { return }
    worker.state = .loading
    worker.deadline = steady.now() + configuration.moduleLoadTime
    worker.process.limitMemory(assignment.definition.memoryBytesMax)
    send(ServerFrame.load(assignment.definition), to: worker)
  }
}
