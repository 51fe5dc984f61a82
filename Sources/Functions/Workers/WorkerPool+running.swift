import Core

// What workers are given to do, and how that ends.
extension WorkerPool {
  /// Runs one invocation on a worker that `take` gave, and has the worker go on with those `ahead` by itself.
  func invoke(_ worker: Worker, _ work: RunWork, event: [UInt8], ahead: [(work: RunWork, event: [UInt8])] = []) {
    guard let definition = worker.assignment?.definition else { return }
    let cpu = worker.process.cpuTime()
    let run = newRun(work, cpu: cpu)
    if worker.invocations > 0 { worker.forgetWords() }
    begin(run, on: worker)
    if worker.lambda != nil { return invokeLambda(worker, work, event: event) }
    if worker.runtime == .command {
      return send(CommandScript.invoke(work, definition, more: worker.variables, event: event), to: worker)
    }
    let frame = ServerFrame.invoke(run, event: event)
    guard !ahead.isEmpty else { return send(frame, to: worker) }
    invokeSeveral(worker, frame, ahead, cpu: cpu)
  }

  func newRun(_ work: RunWork, cpu: Duration?) -> Worker.Run {
    defer { nextRun += 1 }
    return Worker.Run(id: nextRun, work: work, started: wall.now(), begin: steady.now(), cpuBefore: cpu, trace: work.trace.flatMap(TraceContext.child))
  }

  func begin(_ run: Worker.Run, on worker: Worker) {
    worker.run = run
    worker.run?.isCold = worker.invocations == 0
    worker.state = .running
    worker.invocations += 1
    worker.memoryPeak = 0
    worker.value = nil
    worker.ownTime = nil
    worker.isAbandoned = false
    worker.timeout = run.work.timeout ?? worker.assignment?.definition.timeout ?? .zero
    worker.deadline = run.begin + worker.timeout
    if worker.invocations > 1 { worker.forgetOutput() }
    worker.loopback?.refusals = 0
    worker.proxy?.refusals = 0
  }

  /// The answer to a call of a worker, which may be gone by now.
  func answer(_ id: UInt64, _ number: Int64, _ answer: LocalAnswer) {
    guard let worker = workers[id] else { return }
    worker.calls -= 1
    worker.callBodiesBytes -= worker.callBodies.removeValue(forKey: number) ?? 0
    if case .ended = worker.state {
      if worker.calls == 0 { bury(worker) }
      return
    }
    guard worker.isAlive else { return }
    if number < 0 { return answerLoopback(worker, number, answer) }
    let tooLarge = LocalAnswer(
      status: 413, headers: [("content-type", "application/problem+json")],
      body: Array(#"{"code":"payload_too_large","detail":"The answer is larger than a function can take."}"#.utf8))
    guard let frame = ServerFrame.answer(number, answer) ?? ServerFrame.answer(number, tooLarge) else { return }
    send(frame, to: worker)
    if worker.isHeld, worker.callBodiesBytes <= FunctionsLimits.callBodiesBytesMax { hearAgain(worker) }
  }

  func send(_ frame: [UInt8], to worker: Worker) {
    guard worker.isAlive else { return }
    let wasWaiting = worker.process.waiting > 0
    // A closed socket is the beginning of an end that the exit descriptor reports.
    guard worker.process.send(frame) else { return }
    if worker.process.waiting > FunctionsLimits.workerOutboxBytesMax {
      fail(worker, .protocolBreach("it does not read what it asked for"))
    } else if worker.process.waiting > 0, !wasWaiting {
      listen(to: worker)
    }
  }

  /// Has the poller say what is asked of that worker's socket.
  func listen(to worker: Worker) {
    guard worker.process.socket >= 0 else { return }
    poller.watch(worker.process.socket, token: Self.token(worker, .socket), readable: worker.isListenedTo, writable: worker.process.waiting > 0)
  }

  func ready(_ worker: Worker, runtime: String) {
    worker.process.attach()
    // Deno opens no connection but to the proxy.
    if worker.startsProcesses { worker.process.boundBuffers(FunctionsLimits.connectionBufferBytesMax) }
    guard openLoopback(worker) else { return end(worker) }
    worker.state = .blank
    worker.deadline = nil
    cameUp(worker, version: runtime)
    if worker.assignment != nil {
      load(worker)
    } else if !self[worker.runtime].wantsSpare {
      end(worker)
    }
    events.append(.freed)
  }

  func loaded(_ worker: Worker) {
    if worker.check != nil {
      verdict(worker, nil)
      return end(worker)
    }
    if let generation = worker.assignment?.generation { groups[generation, default: Group()].starting -= 1 }
    release(worker)
  }

  func loadFailed(_ worker: Worker, _ status: Invocation.Status, _ message: String) {
    if worker.check == nil, let generation = worker.assignment?.generation { keptFailed(generation) }
    if worker.check != nil {
      verdict(worker, RoostError(.deployRefused, message))
    } else if let generation = worker.assignment?.generation {
      events.append(.loadFailed(generation: generation, status, message, worker.output.finish(at: wall.now())))
    }
    end(worker)
  }

  func verdict(_ worker: Worker, _ refusal: RoostError?) {
    guard let check = worker.check else { return }
    worker.check = nil
    checks -= 1
    if let refusal {
      check.resume(throwing: refusal)
    } else {
      check.resume()
    }
  }

  /// At what it was given ahead, free for its next delivery, or at its end.
  func release(_ worker: Worker) {
    if beginAhead(worker) { return }
    worker.deadline = nil
    worker.state = .idle(since: steady.now())
    worker.nextLook = nil
    worker.busyLooks = 0
    if worker.isOutdated {
      end(worker)
    } else if let generation = worker.assignment?.generation {
      groups[generation, default: Group()].idle.append(worker)
      groups[generation, default: Group()].freedAt = steady.now()
    }
    events.append(.freed)
  }

  func finished(_ worker: Worker, _ failure: WorkerFrame.Failure?) {
    worker.run?.isFinal = failure?.isFinal ?? false
    let ending = (failure.map { $0.isMemory ? .memoryLimit : .failed } ?? Invocation.Status.succeeded, failure?.text)
    guard failure?.retire != true, worker.calls == 0 else {
      // Something of it may still happen: it is over when its process and its calls are.
      worker.ending = ending
      return end(worker)
    }
    if let run = worker.run, run.work.hasBegunToAnswer { send(ServerFrame.done(run.id), to: worker) }
    report(worker, ending.0, ending.1)
    if worker.lambda?.isWaiting == false { rest(worker) } else { release(worker) }
  }

  /// Its run goes on another time, perhaps elsewhere.
  func suspended(_ worker: Worker, retire: Bool) {
    guard !retire, worker.calls == 0 else {
      worker.ending = (.suspended, nil)
      return end(worker)
    }
    report(worker, .suspended, nil)
    release(worker)
  }

  func report(_ worker: Worker, _ status: Invocation.Status, _ error: String?) {
    guard let run = worker.run, let generation = worker.assignment?.generation else { return }
    closeTunnels(worker)
    worker.run = nil
    defer { worker.value = nil }
    let duration = steady.now() - run.begin
    worker.lastTime = worker.ownTime ?? duration
    groups[generation]?.learn(worker.lastTime, isQuiet: status == .succeeded && worker.lastTime < FunctionsLimits.shortRun)
    let isSharing = worker.isGivenSeveral && worker.isAlive
    let cpu = isSharing ? nil : (worker.isAlive ? worker.process.cpuTime() : worker.cpuAtEnd).flatMap { after in run.cpuBefore.map { after - $0 } }
    sample(worker)
    if isSharing { worker.sharing.append(events.count) }
    events.append(
      .finished(
        RunReport(
          generation: generation, run: run, status: status, error: error?.prefix(bytes: FunctionsLimits.errorBytesMax), duration: duration,
          cpu: cpu,
          memoryPeak: worker.memoryPeak > 0 ? worker.memoryPeak : nil, lines: worker.output.finish(at: wall.now()), value: worker.value,
          ownTime: worker.ownTime, next: worker.isAlive ? worker.ahead.first?.work.sequence : nil)))
  }

  /// Of runs that follow one another quickly, not each is looked at.
  func sample(_ worker: Worker) {
    let now = steady.now()
    if worker.sampledAt.map({ now - $0 >= FunctionsLimits.sampleInterval }) ?? true {
      worker.sampledAt = now
      worker.residentBytes = worker.process.residentBytes() ?? worker.residentBytes
    }
    worker.memoryPeak = max(worker.memoryPeak, worker.residentBytes)
  }
}
