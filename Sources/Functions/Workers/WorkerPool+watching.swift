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
        if leftProcesses(worker) {
          self.end(worker)
          break
        }
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

  /// Whether a worker that has become idle has more processes than its interpreter. Looked at once.
  func leftProcesses(_ worker: Worker) -> Bool {
    guard worker.startsProcesses, !worker.wasLookedAt else { return false }
    worker.wasLookedAt = true
    return (worker.process.tree()?.processes ?? 1) > 1
  }

  func watchProcesses(_ worker: Worker) {
    guard let most = worker.assignment?.definition.memoryBytesMax else { return }
    sample(worker)
    if worker.startsProcesses, let tree = worker.process.tree() {
      worker.memoryPeak = max(worker.memoryPeak, tree.residentBytes)
      if tree.processes > FunctionsLimits.processesMax { return fail(worker, .processes) }
    }
    if worker.memoryPeak > most { fail(worker, .memory(most)) }
  }
}

extension ContinuousClock.Instant {
  fileprivate static func distant(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant { now + .seconds(3600) }
}
