import Core

/// The thread that runs functions: one loop over the workers' descriptors, the letter box and the clock. Everything here and below belongs to
/// this thread; the async world is reached through `EngineRequest`s and answers with `EngineMessage`s.
final class FunctionsEngine {
  private let inbox: EngineInbox
  private let requests: RequestQueue
  private let status: FunctionsStatus
  private let poller: Poller
  private let pool: WorkerPool
  private let dispatcher: TriggerDispatcher
  private let configuration: FunctionsConfiguration
  private let wall: any WallClock
  private let steady: any SteadyClock
  private let notice: @Sendable (String) -> Void

  private var wakeAt: ContinuousClock.Instant
  private var pollAt: ContinuousClock.Instant
  private var pruneAt: ContinuousClock.Instant
  private var pace = DeliveryPace()
  private var isPruning = false
  private var isLoading = false
  private var loadAgain = false
  private var loadRetryAt: ContinuousClock.Instant?
  private var waitingForLoad: [CheckedContinuation<Void, Never>] = []
  private var hasLoaded = false
  /// What needs the functions, and came before they were known.
  private var beforeLoad: [EngineMessage] = []
  /// Until when that may wait.
  private let loadUntil: ContinuousClock.Instant
  private var waitingChecks: [(FunctionDefinition, CheckedContinuation<Void, any Error>)] = []
  private var publishedWorkers = 0
  /// Whatever runs is stopped by then, also what was let go on.
  private var stopAt: ContinuousClock.Instant?
  private var drainUntil: ContinuousClock.Instant?
  private var giveUpAt: ContinuousClock.Instant?

  init(
    project: String, configuration: FunctionsConfiguration, inbox: EngineInbox, requests: RequestQueue, status: FunctionsStatus, tails: LogTails,
    meter: UsageMeter, wall: any WallClock, steady: any SteadyClock, notice: @escaping @Sendable (String) -> Void
  ) {
    self.inbox = inbox
    self.requests = requests
    self.status = status
    self.configuration = configuration
    self.wall = wall
    self.steady = steady
    self.notice = notice
    poller = Poller(waker: inbox.waker)
    pool = WorkerPool(configuration, poller: poller, wall: wall, steady: steady)
    dispatcher = TriggerDispatcher(
      project: project, pool: pool, wall: wall, steady: steady, requests: requests, tails: tails, meter: meter, notice: notice)
    wakeAt = steady.now()
    pollAt = wakeAt
    loadUntil = wakeAt + FunctionsLimits.loadPatience
    pruneAt = wakeAt + FunctionsLimits.pruneInterval
  }

  /// Returns after `drain` or `stop`, when no worker is alive any more.
  func run() {
    configuration.mark?.endLeftovers()
    pool.ensureSpare(.javascript)
    handlePoolEvents()
    load()
    let thread = ThreadMeter()
    while !isOver {
      let next = [wakeAt, pool.nextFetch, pace.restUntil].compactMap { $0 }.min() ?? wakeAt
      let ready = poller.wait(max(Duration.zero, min(next - steady.now(), .seconds(60))))
      let ranBefore = thread.ran()
      dispatcher.isResting = pace.isResting(at: steady.now())
      for one in ready { pool.handle(one) }
      pool.fetch()
      dispatcher.tellPrinted()
      let (messages, logChanged) = inbox.take(log: !dispatcher.isResting)
      for message in messages { handle(message) }
      if logChanged { dispatcher.logChanged() }
      // First: what a worker said last is of a version that must not have been forgotten.
      handlePoolEvents()
      let now = steady.now()
      if now >= wakeAt { watch(now) }
      dispatcher.dispatch()
      // Again: starting something may fail at once.
      handlePoolEvents()
      dispatcher.dispatch()
      if !ready.isEmpty || !messages.isEmpty || logChanged { wakeAt = min(wakeAt, now + FunctionsLimits.watchInterval) }
      if !pool.events.isEmpty { wakeAt = now }
      publishStatus()
      pace.turned(at: steady.now(), work: thread.ran() - ranBefore, hasNews: logChanged, times: thread.times)
      // What was left for a rest that is over early.
      if dispatcher.isResting, pace.restUntil == nil { wakeAt = steady.now() }
    }
    finish()
  }

  // MARK: Messages

  private func handle(_ message: EngineMessage) {
    if !hasLoaded, waitsForLoad(message) { return }
    switch message {
    case .functionsChanged(let continuation):
      if let continuation { waitingForLoad.append(continuation) }
      load()
    case .check(let definition, let continuation): check(definition, continuation)
    case .invoke(let invocation, let answer): dispatcher.invoke(invocation, answer)
    case .measure(let continuation): continuation.resume(returning: dispatcher.measure())
    case .followed(let function, let follower):
      // Runs that have just ended are no longer seen at their workers.
      handlePoolEvents()
      dispatcher.followed(function, by: follower)
    case .abandoned(let ticket): dispatcher.abandon(ticket)
    case .taken(let ticket, let bytes): pool.taken(ticket, bytes: bytes)
    case .revived(let function, let event): dispatcher.revived(function, event)
    case .loaded(let result): loaded(result)
    case .read(let reading, let result): dispatcher.read(reading, result)
    case .recorded(let function, let generation, let changes, let error): dispatcher.recorded(function, generation, changes, error)
    case .ticked(let tick, let result): dispatcher.ticked(tick, result)
    case .answered(let worker, let number, let answer): pool.answer(worker, number, answer)
    case .tended(let result): dispatcher.tended(result)
    case .sent(let id, let outcome):
      for report in dispatcher.remotes.answered(id, outcome) { dispatcher.finished(report) }
      dispatcher.workerFreed()
    case .lookedUp(let worker, let tunnel, let result): pool.lookedUp(worker, tunnel, result)
    case .pruned(let error):
      isPruning = false
      if let error { notice("old events could not be pruned: \(error)") }
    case .drain: drain(for: configuration.drainTime)
    case .stop: drain(for: .zero)
    case .stopAfter(let time):
      stopAt = steady.now() + time
      wakeAt = steady.now()
    case .wake: wakeAt = steady.now()
    }
  }

  /// Just after the start nobody knows yet which functions there are. Where they cannot be read, nobody waits for long.
  private func waitsForLoad(_ message: EngineMessage) -> Bool {
    switch message {
    case .invoke(_, let answer):
      guard steady.now() < loadUntil, beforeLoad.count < FunctionsLimits.callsWaitingMax else {
        answer.resume(throwing: Self.unreadable)
        return true
      }
    case .revived, .abandoned: break
    default: return false
    }
    beforeLoad.append(message)
    return true
  }

  private static var unreadable: RoostError { RoostError(.unavailable, "The functions cannot be read at the moment.", retryAfter: .seconds(1)) }

  private func refuseBeforeLoad(_ error: RoostError) {
    for case .invoke(_, let answer) in beforeLoad { answer.resume(throwing: error) }
    beforeLoad = []
  }

  private func check(_ definition: FunctionDefinition, _ continuation: CheckedContinuation<Void, any Error>) {
    guard !dispatcher.isDraining else { return continuation.resume(throwing: RoostError(.unavailable, "The server is stopping.")) }
    // What runs elsewhere was checked by whoever asks.
    guard definition.runtime.hasWorkers else { return continuation.resume() }
    // The first start finds out what the machine offers; a check before that would take its failure for the source's.
    guard pool[definition.runtime].level != nil else {
      guard waitsInLine(definition, continuation) else { return }
      return pool.ensureSpare(definition.runtime)
    }
    guard pool.checks < FunctionsLimits.checksMax else { return _ = waitsInLine(definition, continuation) }
    pool.check(definition, continuation)
  }

  private func waitsInLine(_ definition: FunctionDefinition, _ continuation: CheckedContinuation<Void, any Error>) -> Bool {
    guard waitingChecks.count < FunctionsLimits.checksWaitingMax else {
      continuation.resume(throwing: RoostError(.overloaded, "Too many functions are being deployed at once; try again.", retryAfter: .seconds(1)))
      return false
    }
    waitingChecks.append((definition, continuation))
    return true
  }

  private func load() {
    guard !isLoading else {
      loadAgain = true
      return
    }
    isLoading = true
    loadRetryAt = nil
    requests.push(.load(known: dispatcher.known))
  }

  private func loaded(_ result: Result<[LoadedFunction], any Error>) {
    isLoading = false
    switch result {
    case .success(let functions):
      dispatcher.take(functions)
      hasLoaded = true
      for message in beforeLoad { handle(message) }
      beforeLoad = []
      publishDeployed()
      let wanted = !dispatcher.isDraining ? Set(functions.map(\.deployed.definition.runtime).filter(\.hasWorkers)) : []
      for kind in wanted.union(pool.knownRuntimes) {
        pool[kind].wantsSpare = wanted.contains(kind)
        if wanted.contains(kind) {
          pool.ensureSpare(kind)
        } else if pool[kind].level != nil, let spare = pool[kind].spare {
          pool.end(spare)
        }
      }
    case .failure(let error):
      notice("the functions could not be read: \(error)")
      loadRetryAt = steady.now() + FunctionsLimits.storeRetry
    }
    if loadAgain {
      loadAgain = false
      return load()
    }
    for waiter in waitingForLoad { waiter.resume() }
    waitingForLoad = []
  }

  /// Calls are let in by the versions that serve, also while others come up.
  private func publishDeployed() {
    guard dispatcher.hasNewVersions else { return }
    dispatcher.hasNewVersions = false
    status.update(dispatcher.functions.values.map(\.deployed))
  }

  private func publishStatus() {
    if hasLoaded { publishDeployed() }
    if pool.healthChanged {
      pool.healthChanged = false
      status.update(probes: pool.probes)
    }
    if pool.workers.count != publishedWorkers {
      publishedWorkers = pool.workers.count
      status.update(workers: publishedWorkers)
    }
  }

  private func handlePoolEvents() {
    // First: whoever is answered below may look at it.
    publishStatus()
    let events = pool.events
    pool.events = []
    for event in events {
      switch event {
      case .freed: dispatcher.workerFreed()
      case .finished(let report): dispatcher.finished(report)
      case .loadFailed(let generation, let status, let error, let lines): dispatcher.loadFailed(generation, status, error, lines)
      case .call(let worker, let call): perform(call, of: worker)
      case .lookUp(let worker, let tunnel, let host): requests.push(.lookUp(worker: worker, tunnel: tunnel, host))
      case .notice(let text): notice(text)
      case .refused(let reason):
        status.fail(SandboxUnavailable(reason: reason))
        drain(for: .zero)
      }
    }
    while pool.checks < FunctionsLimits.checksMax, let next = waitingChecks.firstIndex(where: { pool[$0.0.runtime].level != nil }) {
      let (definition, continuation) = waitingChecks.remove(at: next)
      check(definition, continuation)
    }
  }

  private func perform(_ call: WorkerFrame.Call, of id: UInt64) {
    guard let worker = pool.workers[id], let definition = worker.assignment?.definition, let run = worker.run else {
      let refusal = #"{"code":"forbidden","detail":"The API can be called only while an event is handled."}"#
      return pool.answer(id, call.number, LocalAnswer(status: 403, headers: [("content-type", "application/problem+json")], body: Array(refusal.utf8)))
    }
    if call.method == StepCommand.method {
      guard let step = dispatcher.step(call, of: worker) else {
        return pool.answer(id, call.number, run.work.isTrial ? StepTrial.answer(call, at: wall.now()) : StepCall.refusal)
      }
      worker.run?.usesSteps = true
      return requests.push(.step(worker: id, number: call.number, step))
    }
    let caller = Caller.function(name: definition.name, depth: run.work.depth + 1)
    var headers = call.headers
    if let trace = run.trace.flatMap(TraceContext.child), !headers.contains(where: { $0.name == "traceparent" }) { headers.append(("traceparent", trace)) }
    requests.push(
      .call(worker: id, number: call.number, LocalCall(caller: caller, method: call.method, target: call.target, headers: headers, body: call.body)))
  }

  // MARK: Time

  private func watch(_ now: ContinuousClock.Instant) {
    status.update(instances: dispatcher.instances)
    var next = [pool.watch(), dispatcher.watch()].compactMap { $0 }
    if let loadRetryAt {
      if now >= loadRetryAt { load() } else { next.append(loadRetryAt) }
    }
    if !beforeLoad.isEmpty {
      if now >= loadUntil {
        refuseBeforeLoad(Self.unreadable)
      } else {
        next.append(loadUntil)
      }
    }
    if let stopAt, now >= stopAt {
      close()
      stop(now)
    }
    if !dispatcher.functions.isEmpty, !dispatcher.isDraining {
      if now >= pollAt {
        pollAt = now + FunctionsLimits.pollInterval
        dispatcher.logChanged()
        dispatcher.forgetVersions()
      }
      next.append(pollAt)
    }
    if now >= pruneAt, !isPruning {
      isPruning = true
      pruneAt = now + FunctionsLimits.pruneInterval
      let moment = Timestamp(milliseconds: wall.now().milliseconds - Limits.eventRetention.milliseconds)
      requests.push(.prune(through: dispatcher.passed, before: moment))
    }
    next += [pruneAt, stopAt, drainUntil, giveUpAt].compactMap { $0 }.filter { $0 > now }
    wakeAt = next.min() ?? now + .seconds(60)
    if let drainUntil, now >= drainUntil { stop(now) }
  }

  // MARK: The end

  private func drain(for time: Duration) {
    let until = steady.now() + time
    guard drainUntil.map({ until < $0 }) ?? true else { return }
    drainUntil = min(until, stopAt ?? until)
    close()
    wakeAt = min(wakeAt, until)
  }

  /// Nothing new begins.
  private func close() {
    guard !dispatcher.isDraining else { return }
    dispatcher.drain()
    pool.close()
  }

  /// What runs is handed back: it runs again after the next start.
  private func stop(_ now: ContinuousClock.Instant) {
    guard giveUpAt == nil else { return }
    dispatcher.isStopping = true
    dispatcher.refuseWaiting()
    pool.endAll()
    for report in dispatcher.remotes.endAll() { dispatcher.finished(report) }
    giveUpAt = now + .seconds(10)
    wakeAt = min(wakeAt, now + FunctionsLimits.watchInterval)
  }

  private var isOver: Bool {
    guard drainUntil != nil else { return false }
    if pool.workers.isEmpty, dispatcher.isQuiet { return true }
    return giveUpAt.map { steady.now() >= $0 } ?? false
  }

  private func finish() {
    let stopping = RoostError(.unavailable, "The server is stopping.")
    for waiter in waitingForLoad { waiter.resume() }
    for (_, continuation) in waitingChecks { continuation.resume(throwing: stopping) }
    refuseBeforeLoad(stopping)
    for worker in pool.workers.values {
      if case .direct(let call) = worker.run?.work { call.answer.resume(throwing: stopping) }
    }
    for message in inbox.close() {
      switch message {
      case .functionsChanged(let continuation): continuation?.resume()
      case .check(_, let continuation): continuation.resume(throwing: stopping)
      case .invoke(_, let reply): reply.resume(throwing: stopping)
      case .measure(let continuation): continuation.resume(throwing: stopping)
      case .followed(let function, let follower): dispatcher.tails.begin(function, follower, with: [])
      default: break
      }
    }
    for report in dispatcher.remotes.endAll() { dispatcher.finished(report) }
    requests.close()
  }
}

/// `requireSandbox` is set and this machine cannot shut functions in fully.
package struct SandboxUnavailable: Error, CustomStringConvertible {
  package let reason: String

  package var description: String { "functions need a full sandbox, and this machine offers none: \(reason)" }
}
