import Core
import Glibc

// How workers end.
extension WorkerPool {
  /// Ends a worker that is not at work.
  func end(_ worker: Worker) {
    guard worker.isAlive else { return }
    leaveGroup(worker)
    worker.state = .ending
    worker.process.kill()
  }

  /// Ends a worker for something it did. A deadline is announced first; everything else is not to be argued with.
  func fail(_ worker: Worker, _ fault: Worker.Fault) {
    guard worker.isAlive else { return }
    let wasStarting = if case .starting = worker.state { true } else { false }
    if case .loading = worker.state { worker.failedToLoad = true }
    leaveGroup(worker)
    worker.fault = fault
    worker.cpuAtEnd = worker.process.cpuTime()
    worker.state = .ending
    if case .timeout = fault, worker.process.terminate() {
      worker.killAt = steady.now() + FunctionsLimits.killGrace
    } else {
      worker.process.kill()
    }
    if wasStarting { startFailed(worker.runtime, fault.text, at: worker.level) }
  }

  func leaveGroup(_ worker: Worker) {
    if self[worker.runtime].spare === worker { self[worker.runtime].spare = nil }
    guard worker.check == nil, let generation = worker.assignment?.generation, var group = groups[generation] else { return }
    group.workers -= 1
    group.idle.removeAll { $0 === worker }
    switch worker.state {
    case .starting, .blank, .loading: group.starting -= 1
    default: break
    }
    groups[generation] = group.workers > 0 ? group : nil
  }

  func exited(_ worker: Worker) {
    guard let outcome = worker.process.outcome() else { return }
    poller.remove(worker.process.exit)
    // What it said last is still in the socket and the pipe.
    while worker.isAlive || worker.lambda != nil && worker.outputBytes <= FunctionsLimits.outputBytesMax, hasMore(worker.process.socket) { readSocket(worker) }
    while worker.outputBytes <= FunctionsLimits.outputBytesMax, hasMore(worker.process.errors) { readErrors(worker) }
    closeSocket(worker)
    closeLoopback(worker)
    closeProxy(worker)
    poller.remove(worker.process.errors)

    let died = worker.isAlive ? worker.state : nil
    if worker.isAlive { leaveGroup(worker) }
    worker.state = .ended
    let isMemory = worker.words.contains("out of memory")
    let status = worker.fault?.status ?? (isMemory ? .memoryLimit : .crashed)
    let text = worker.fault?.text ?? worker.obituary(outcome)
    if case .starting = died { startFailed(worker.runtime, worker.words.isEmpty ? text : worker.words, at: worker.level) }
    if case .loading = died { worker.failedToLoad = true }
    if worker.failedToLoad {
      loadFailed(worker, status, text)
    } else {
      verdict(worker, unavailable(worker.runtime))
    }
    if worker.ending == nil { worker.ending = commandEnding(worker, died, outcome) ?? (status, text) }
    if worker.calls <= 0 { bury(worker) }
    events.append(.freed)
  }

  /// A command ends by ending.
  private func commandEnding(_ worker: Worker, _ died: Worker.State?, _ outcome: Int32) -> (Invocation.Status, String?)? {
    guard worker.runtime == .command, worker.fault == nil, case .running = died else { return nil }
    worker.cpuAtEnd = worker.process.usage.map { .nanoseconds($0.cpu_nanoseconds) }
    worker.memoryPeak = max(worker.memoryPeak, worker.process.usage?.memory_bytes ?? 0)
    guard outcome != 0 else {
      worker.value = CommandScript.value(worker.answer)
      return (.succeeded, nil)
    }
    let said = worker.words
    return (.failed, CommandScript.reason(outcome) + (said.isEmpty ? "" : "\n" + said))
  }

  func hasMore(_ descriptor: Int32) -> Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, 0) > 0 && poll.revents & Int16(POLLIN) != 0
  }

  /// The last of a worker: its process has ended and its calls are answered, so nothing of its invocation can happen any more.
  func bury(_ worker: Worker) {
    if let ending = worker.ending { report(worker, ending.status, ending.text) }
    handBack(worker)
    workers[worker.id] = nil
  }

  /// No new invocation of that version; what runs is finished.
  func retire(_ generation: UInt64) {
    kept[generation] = nil
    for worker in workers.values where worker.assignment?.generation == generation && worker.check == nil {
      worker.isOutdated = true
      switch worker.state {
      case .idle, .returning, .starting, .blank, .loading: end(worker)
      default: break
      }
    }
  }

  /// Nothing new starts, and workers end when they are free.
  func close() {
    isClosed = true
    for kind in knownRuntimes { self[kind].wantsSpare = false }
    for worker in workers.values {
      worker.isOutdated = true
      if worker.run == nil, worker.check == nil { end(worker) }
    }
  }

  func endAll() {
    close()
    for worker in workers.values {
      verdict(worker, RoostError(.unavailable, "The server is stopping."))
      end(worker)
    }
  }
}
