import Core

// What is looked at from time to time.
extension WorkerPool {
  /// Looks at deadlines, memory and idle times. Returns when it wants to look again.
  func watch() -> ContinuousClock.Instant? {
    let now = steady.now()
    var next: ContinuousClock.Instant?
    for worker in workers.values {
      if let killAt = worker.killAt, now >= killAt {
        worker.killAt = nil
        worker.process.kill()
      }
      if let deadline = worker.deadline, now >= deadline, worker.isAlive {
        worker.deadline = nil
        overdue(worker)
      }
      var wake = [worker.killAt, worker.isAlive ? worker.deadline : nil].compactMap { $0 }.min()
      switch worker.state {
      case .running, .loading:
        watchProcesses(worker)
        watchTunnels(worker, now)
        wake = min(wake ?? .distant(now), now + FunctionsLimits.watchInterval)
      case .idle(let since):
        guard rests(worker, now) else {
          self.end(worker)
          break
        }
        wake = [wake, worker.nextLook].compactMap { $0 }.min()
        let end = since + FunctionsLimits.workerIdleTimeMax
        if isKept(worker.assignment?.generation) { break }
        if now >= end { self.end(worker) } else { wake = min(wake ?? end, end) }
      default: break
      }
      if let wake { next = min(next ?? wake, wake) }
    }
    if let moment = startKept() { next = min(next ?? moment, moment) }
    for kind in knownRuntimes {
      ensureSpare(kind)
      guard let mayStartAt = self[kind].mayStartAt else { continue }
      if now < mayStartAt { next = min(next ?? mayStartAt, mayStartAt) } else { events.append(.freed) }
    }
    return next
  }

  func overdue(_ worker: Worker) {
    switch worker.state {
    case .starting: fail(worker, .timeout(FunctionsLimits.workerStartTimeMax))
    case .loading: fail(worker, .timeout(configuration.moduleLoadTime))
    case .running, .returning: fail(worker, worker.isAbandoned ? .abandoned : .timeout(worker.timeout))
    default: break
    }
  }

  /// Whether an idle worker does nothing: a thread of the function may go on, and would be metered by nobody. Looked at once it is idle, and then
  /// from time to time.
  func rests(_ worker: Worker, _ now: ContinuousClock.Instant) -> Bool {
    if let nextLook = worker.nextLook, now < nextLook { return true }
    let cpu = worker.process.cpuTime()
    defer {
      worker.nextLook = now + FunctionsLimits.idleLookInterval
      worker.lastLook = (now, cpu)
    }
    var bytes = worker.process.residentBytes() ?? 0
    if worker.startsProcesses, let tree = worker.process.tree() {
      guard tree.processes == 1, tree.threads <= FunctionsLimits.tasksMax else { return false }
      bytes = max(bytes, tree.residentBytes)
    }
    guard bytes <= worker.assignment?.definition.memoryBytesMax ?? worker.memoryBytesMax, excess(of: worker) == nil else { return false }
    guard worker.nextLook != nil, let last = worker.lastLook, let before = last.cpu, let cpu else { return true }
    let isBusy = cpu - before > (now - last.at) * FunctionsLimits.idleBusyFractionMax
    worker.busyLooks = isBusy ? worker.busyLooks + 1 : 0
    return worker.busyLooks < FunctionsLimits.idleBusyLooksMax
  }

  /// What it has of things that the system counts as nobody's memory.
  private func excess(of worker: Worker) -> Worker.Fault? {
    guard worker.startsProcesses else { return nil }
    if worker.process.sockets() > FunctionsLimits.socketsMax { return .sockets }
    var folders = ["/tmp", "/dev/shm"]
    // An archive lies on the machine's disk, and cannot be written.
    if worker.assignment?.definition.archive == nil {
      if worker.runtime == .command { folders.append(CommandScript.folder) }
      if worker.runtime == .lambda { folders.append(LambdaProgram.folder) }
    }
    return folders.contains { worker.process.files(in: $0) > FunctionsLimits.filesMax } ? .files : nil
  }

  func watchProcesses(_ worker: Worker) {
    guard let most = worker.assignment?.definition.memoryBytesMax else { return }
    sample(worker)
    if worker.startsProcesses, let tree = worker.process.tree() {
      worker.memoryPeak = max(worker.memoryPeak, tree.residentBytes)
      if tree.processes > FunctionsLimits.processesMax { return fail(worker, .processes) }
      if tree.threads > FunctionsLimits.tasksMax { return fail(worker, .threads) }
    }
    if let fault = excess(of: worker) { return fail(worker, fault) }
    if worker.memoryPeak > most { fail(worker, .memory(most)) }
  }
}

extension ContinuousClock.Instant {
  fileprivate static func distant(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant { now + .seconds(3600) }
}
