import Core

// Runs that a worker is given ahead, so that it does not wait for us between them, nor wakes us for each.
extension WorkerPool {
  /// How many more runs that worker may be given behind the one that it begins: none unless the runs of its version are short, go well, and ask us
  /// nothing, which would make them wait for one another. Whoever may reach the network waits for that.
  func roomAhead(_ worker: Worker) -> Int {
    guard worker.lambda == nil, worker.runtime != .command, worker.proxy == nil, let generation = worker.assignment?.generation,
      let group = groups[generation], let usual = group.usualTime, usual < FunctionsLimits.shortRun
    else { return 0 }
    let fit = Int(FunctionsLimits.aheadTime / max(usual, FunctionsLimits.aheadRunMin))
    return min(fit, (group.quietRuns - FunctionsLimits.quietRunsMin) / FunctionsLimits.quietRunsPerRunAhead)
  }

  /// Its run has asked us something, or spoken past the protocol.
  func asked(_ worker: Worker) {
    if let generation = worker.assignment?.generation { groups[generation]?.quietRuns = 0 }
  }

  /// Sends those ahead together with the first, which has begun.
  func invokeSeveral(_ worker: Worker, _ first: [UInt8], _ ahead: [(work: RunWork, event: [UInt8])], cpu: Duration?) {
    var frames = first
    for one in ahead {
      let run = newRun(one.work, cpu: cpu)
      worker.ahead.append(run)
      frames += ServerFrame.invoke(run, event: one.event)
    }
    worker.isGivenSeveral = true
    worker.sharedUntil = (steady.now(), wall.now(), cpu)
    worker.lookedInVain = 0
    send(frames, to: worker)
    fetchLater(worker)
  }

  /// Whether the worker has gone on to its next run by itself.
  func beginAhead(_ worker: Worker) -> Bool {
    // Short ones are let go on; a deploy does not wait for more.
    guard !worker.ahead.isEmpty, !worker.isOutdated || worker.lastTime < FunctionsLimits.shortRun else {
      worker.isGivenSeveral = false
      if worker.fetchAt != nil { fetchNoMore(worker) }
      return false
    }
    var run = worker.ahead.removeFirst()
    run.begin = steady.now()
    run.started = wall.now()
    begin(run, on: worker)
    return true
  }

  /// What a worker had ahead when it ended.
  func handBack(_ worker: Worker) {
    guard let generation = worker.assignment?.generation else { return }
    for run in worker.ahead {
      events.append(
        .finished(
          RunReport(
            generation: generation, run: run, status: .crashed, error: nil, duration: .zero, cpu: nil, memoryPeak: nil, lines: [], isHandedBack: true)))
    }
    worker.ahead = []
  }

  /// Runs whose answers were read together share the time between two readings, each as much as it says that it took.
  func share(_ worker: Worker) {
    guard !worker.sharing.isEmpty, let since = worker.sharedUntil else { return }
    let now = (steady: steady.now(), wall: wall.now(), cpu: worker.process.cpuTime())
    let cpu = now.cpu.flatMap { after in since.cpu.map { after - $0 } }
    var reports: [(place: Int, report: RunReport, weight: Double)] = []
    for place in worker.sharing {
      guard case .finished(let report) = events[place] else { continue }
      reports.append((place, report, Double(max(1, report.ownTime?.microseconds ?? 1))))
    }
    let sum = reports.reduce(0) { $0 + $1.weight }
    var passed = Duration.zero
    for (place, report, weight) in reports {
      var report = report
      report.duration = (now.steady - since.steady) * (weight / sum)
      report.cpu = cpu.map { $0 * (weight / sum) }
      report.run.started = since.wall + passed
      passed += report.duration
      events[place] = .finished(report)
    }
    worker.sharing = []
    worker.sharedUntil = now
    worker.run?.cpuBefore = now.cpu
  }

  // MARK: Fetching

  /// When somebody's answers should be there.
  var nextFetch: ContinuousClock.Instant? { fetched.lazy.compactMap(\.fetchAt).min() }

  /// Reads what workers have answered meanwhile.
  func fetch() {
    guard !fetched.isEmpty else { return }
    let now = steady.now()
    for worker in fetched where worker.fetchAt.map({ $0 <= now }) ?? false {
      let left = worker.ahead.count
      if !worker.isHeld { readSocket(worker) }
      guard worker.isAlive, worker.fetchAt != nil else {
        worker.fetchAt = nil
        continue
      }
      if worker.ahead.count < left { worker.lookedInVain = 0 } else { worker.lookedInVain += 1 }
      // Where processors are short it may not have had its turn; or the run that it is at is none of the short ones.
      if worker.lookedInVain < FunctionsLimits.looksInVainMax { fetchLater(worker) } else { fetchNoMore(worker) }
    }
    fetched.removeAll { $0.fetchAt == nil }
  }

  /// When the last of its runs should have ended.
  private func fetchLater(_ worker: Worker) {
    let usual = max(worker.assignment.flatMap { groups[$0.generation]?.usualTime } ?? .zero, FunctionsLimits.aheadRunMin)
    let wasListenedTo = worker.isListenedTo
    if worker.fetchAt == nil { fetched.append(worker) }
    worker.fetchAt = steady.now() + usual * (worker.ahead.count + 1) * (1 << worker.lookedInVain)
    if wasListenedTo { listen(to: worker) }
  }

  private func fetchNoMore(_ worker: Worker) {
    worker.fetchAt = nil
    if worker.isAlive { listen(to: worker) }
  }
}
