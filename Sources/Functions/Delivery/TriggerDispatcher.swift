import Core

/// Brings events from the log to workers: reads for each function from its cursor, starts what its delivery machine allows, and has the store
/// write down what came of it. Belongs to the engine's thread; the store and the log answer through `EngineMessage`s.
final class TriggerDispatcher {
  let project: String
  let pool: WorkerPool
  let remotes: RemotePool
  let wall: any WallClock
  let steady: any SteadyClock
  private let requests: RequestQueue
  let meter: UsageMeter
  let tails: LogTails
  let notice: (String) -> Void

  var functions: [String: TriggeredFunction] = [:]
  /// By the generation of each version that workers may still serve.
  var versions: [UInt64: (function: TriggeredFunction, version: Int64, then: [String])] = [:]
  /// What is hidden of their logs and errors.
  var masks: [UInt64: SecretMask] = [:]
  var nextGeneration: UInt64 = 1
  private var served: UInt64 = 0
  var identifiers = IdentifierGenerator(random: BufferedRandom())
  /// Functions for which something may have become possible.
  private var dirty: Set<TriggeredFunction> = []
  /// How often the log has grown, and how often it had when all functions were last looked at for it.
  private var logChanges: UInt64 = 1
  private var logChangesSeen: UInt64 = 0
  /// Functions with deliveries that found no worker.
  private var starved: Set<TriggeredFunction> = []
  /// Deliveries that are not late leave the processors to others.
  var isResting = false {
    didSet {
      guard oldValue, !isResting else { return }
      dirty.formUnion(rested)
      rested = []
    }
  }
  /// Functions with deliveries that were left for that.
  private var rested: Set<TriggeredFunction> = []
  /// Functions with a deploy that is coming up.
  var arriving: Set<TriggeredFunction> = []
  /// The usual size of an event, for the length of readings.
  private var eventBytes = 512
  /// Nothing new starts.
  private(set) var isDraining = false
  /// What still comes back is not counted: it runs again after the next start.
  var isStopping = false
  /// What serves is not what it was.
  var hasNewVersions = true
  /// Requests that the store has not answered.
  private(set) var unanswered = 0
  var runs = RunsTimer()

  init(
    project: String, pool: WorkerPool, wall: any WallClock, steady: any SteadyClock, requests: RequestQueue, tails: LogTails, meter: UsageMeter,
    notice: @escaping (String) -> Void
  ) {
    self.project = project
    self.pool = pool
    remotes = RemotePool(project: project, wall: wall, steady: steady, requests: requests)
    self.wall = wall
    self.steady = steady
    self.requests = requests
    self.meter = meter
    self.tails = tails
    self.notice = notice
  }

  // MARK: News

  func logChanged() {
    runs.logChanged()
    logChanges += 1
  }

  func workerFreed() {
    pool.startKept()
    takeOver()
    dirty.formUnion(starved)
    starved = []
  }

  /// Nothing new starts, and all that has happened is written down.
  func drain() {
    isDraining = true
    refuseWaiting()
    dirty = Set(functions.values)
  }

  /// Looked at in the next turn.
  func mark(_ function: TriggeredFunction) { dirty.insert(function) }

  func read(_ reading: LogReading, _ result: Result<LogPage, any Error>) {
    unanswered -= 1
    let now = wall.now()
    for (position, reader) in reading.readers.enumerated() {
      guard let function = functions[reader.function], function.generation == reader.generation else { continue }
      function.isReading = false
      switch result {
      case .success(let page):
        let isAtEnd = page.count < reading.limit
        if isAtEnd { function.endSeen = reading.logChanges }
        function.machine.take(page.wanted[position], through: page.through, at: now)
        // Most functions want none of most events: there is nothing to do for them but to write down, one day, how far they are.
        guard page.wanted[position].isEmpty, isAtEnd, reading.logChanges == logChanges, !isDraining else { break }
        if function.movedSince == nil, function.machine.hasMoved { function.movedSince = steady.now() }
        continue
      case .failure: function.pausedUntil = steady.now() + FunctionsLimits.storeRetry
      }
      mark(function)
    }
    switch result {
    case .success(let page): if page.count > 0 { eventBytes = max(64, page.bytes / page.count) }
    case .failure(let error): notice("the log could not be read: \(error)")
    }
  }

  func recorded(_ name: String, _ generation: UInt64, _ changes: DeliveryChanges, _ error: (any Error)?) {
    unanswered -= 1
    guard let function = functions[name], function.generation == generation else { return }
    function.isRecording = false
    function.logsBeingRecorded = []
    mark(function)
    if let error {
      function.machine.restore(changes)
      function.pausedUntil = steady.now() + FunctionsLimits.storeRetry
      notice("deliveries of function '\(name)' could not be recorded: \(error)")
    } else if let cursor = changes.cursor {
      function.durableCursor = cursor
    }
    if !changes.runs.isEmpty { runs.runsChanged() }
  }

  func revived(_ name: String, _ event: LogEvent) {
    guard let function = functions[name] else { return }
    function.machine.revived(event, at: wall.now())
    mark(function)
  }

  // MARK: Acting on it

  /// Does everything that the news made possible.
  func dispatch() {
    if !isDraining, runs.ask(at: wall.now()) { request(.tendRuns(matchedThrough: runs.matchedThrough)) }
    guard !dirty.isEmpty || logChangesSeen != logChanges else { return }
    let candidates = Array(dirty.lazy.filter { !$0.isGone })
    dirty = []
    if !isDraining {
      tick(candidates)
      start(candidates)
      if logChangesSeen != logChanges { read(functions.values) } else { read(candidates) }
    }
    logChangesSeen = logChanges
    for function in candidates { record(function) }
  }

  /// Who has the fewest running goes first, then who has waited longest: a busy function cannot starve the others.
  private func start(_ candidates: [TriggeredFunction]) {
    let now = wall.now()
    var waiting = candidates.filter { mayStart($0, at: now) }
    while let next = waiting.min(by: { ($0.running, $0.lastServed) < ($1.running, $1.lastServed) }) {
      if !startOne(next, at: now) { waiting.removeAll { $0 === next } }
    }
  }

  private func startOne(_ function: TriggeredFunction, at now: Timestamp) -> Bool {
    guard mayStart(function, at: now) else { return false }
    // Deliveries wait for the next day; nobody waits so long for a call.
    guard meter.waits(at: now) == nil else {
      refuseCalls(of: function, at: now)
      return false
    }
    guard let (place, work) = nextCall(of: function) ?? nextDelivery(of: function, at: now) else {
      starved.insert(function)
      return false
    }
    served += 1
    function.lastServed = served
    meter.started(at: now)
    switch (place, work) {
    case (.worker(let worker), .direct(let call)): pool.invoke(worker, work, event: call.invocation.event)
    case (.worker(let worker), .delivery(let delivery)):
      let ahead = startAhead(of: function, behind: delivery, at: worker, now)
      pool.invoke(
        worker, work, event: delivery.event.cloudEvent(project: project), ahead: ahead.map { (.delivery($0), $0.event.cloudEvent(project: project)) })
    case (.remote(let assignment, let remote), .direct(let call)): remotes.invoke(assignment, remote, [(work, call.invocation.event)])
    case (.remote(let assignment, let remote), .delivery(let first)):
      let most = function.versions.isSplit ? FunctionsLimits.deliveriesLookedAtMax : 1
      let batch = function.machine.startMore(with: first, of: remote.batchSize, bytes: Limits.remoteBatchBytesMax, at: now, among: most) {
        function.versions.assignment(for: $0)?.generation == assignment.generation
      }
      for _ in batch.dropFirst() { meter.started(at: now) }
      remotes.invoke(assignment, remote, batch.map { (.delivery($0), $0.event.cloudEvent(project: project)) })
    }
    return true
  }

  /// More for the same worker, as many as fall to it of those that wait.
  private func startAhead(of function: TriggeredFunction, behind first: Delivery, at worker: Worker, _ now: Timestamp) -> [Delivery] {
    let generation = worker.assignment?.generation
    let workers = generation.flatMap { pool.groups[$0]?.workers } ?? 1
    let left = FunctionsLimits.unrecordedInvocationsMax - function.machine.unrecordedInvocations
    let most = min(pool.roomAhead(worker), max(FunctionsLimits.aheadMin, function.waiting / max(1, workers)), left)
    guard first.attempt == 1, most > 0 else { return [] }
    return function.machine.startAhead(of: most, bytes: FunctionsLimits.aheadBytesMax, at: now) { event in
      guard function.versions.assignment(for: event)?.generation == generation, meter.waits(at: now) == nil else { return false }
      meter.started(at: now)
      return true
    }
  }

  /// What takes one run: a free worker, or an endpoint that may be asked.
  enum Place {
    case worker(Worker)
    case remote(WorkerAssignment, RemoteEndpoint)
  }

  private func mayStart(_ function: TriggeredFunction, at now: Timestamp) -> Bool {
    function.machine.unrecordedInvocations < FunctionsLimits.unrecordedInvocationsMax && function.running < function.machine.policy.concurrency
      && (!function.calls.isEmpty || mayDeliver(function, at: now))
  }

  private func mayDeliver(_ function: TriggeredFunction, at now: Timestamp) -> Bool {
    guard !isHeld(function), function.machine.hasNext(at: now) else { return false }
    guard isResting, let since = function.machine.nextEvent?.time, now - since < FunctionsLimits.lateness else { return true }
    rested.insert(function)
    return false
  }

  private func isHeld(_ function: TriggeredFunction) -> Bool { function.heldUntil.map { steady.now() < $0 } ?? false }

  func place(for assignment: WorkerAssignment, waiting: Int) -> Place? {
    guard let remote = assignment.definition.remote else { return pool.take(assignment, waiting: waiting).map { .worker($0) } }
    return remotes.hasRoom(for: assignment) ? .remote(assignment, remote) : nil
  }

  private func nextDelivery(of function: TriggeredFunction, at now: Timestamp) -> (Place, RunWork)? {
    guard mayDeliver(function, at: now) else { return nil }
    var place: Place?
    var busy: Set<UInt64> = []
    // Asked before, because the machine is not to be looked at while it starts something.
    let waiting = function.waiting
    let delivery = function.machine.start(at: now, among: function.versions.isSplit ? FunctionsLimits.deliveriesLookedAtMax : 1) { event in
      guard let assignment = function.versions.assignment(for: event), !busy.contains(assignment.generation) else { return false }
      place = self.place(for: assignment, waiting: waiting)
      if place == nil { busy.insert(assignment.generation) }
      return place != nil
    }
    return place.flatMap { place in delivery.map { (place, .delivery($0)) } }
  }

  /// One reading for all that stand at the same place.
  private func read(_ candidates: some Sequence<TriggeredFunction>) {
    let now = steady.now()
    var readers: [Int64: [LogReading.Reader]] = [:]
    for function in candidates where !function.isReading && function.endSeen != logChanges {
      if let until = function.pausedUntil, now < until { continue }
      guard function.machine.makeRoom(for: FunctionsLimits.readEventsMax, at: wall.now()) else { continue }
      function.isReading = true
      readers[function.machine.readThrough, default: []].append(
        LogReading.Reader(function: function.name, generation: function.generation, triggers: function.deployed.definition.triggers))
    }
    let limit = min(FunctionsLimits.readEventsMax, max(1, FunctionsLimits.readBytesAim / eventBytes))
    for (after, readers) in readers { request(.read(LogReading(after: after, limit: limit, logChanges: logChanges, readers: readers))) }
  }

  private func record(_ function: TriggeredFunction) {
    guard !function.isRecording, function.pausedUntil.map({ steady.now() >= $0 }) ?? true else { return }
    if !function.machine.hasNews {
      guard function.machine.hasMoved else {
        function.movedSince = nil
        return
      }
      let since = function.movedSince ?? steady.now()
      function.movedSince = since
      guard isDraining || steady.now() - since >= FunctionsLimits.lazyCursorInterval else { return }
    } else if mayWaitToRecord(function) {
      return
    }
    function.movedSince = nil
    function.recordAt = steady.now() + FunctionsLimits.recordInterval
    function.isRecording = true
    var changes = function.machine.takeChanges()
    changes.created = function.created
    function.logsBeingRecorded = changes.logs
    request(.record(function: function.name, generation: function.generation, changes))
  }

  /// Runs that went well go together with those that come soon.
  private func mayWaitToRecord(_ function: TriggeredFunction) -> Bool {
    guard !isDraining, !function.machine.hasUrgentNews, function.machine.unrecordedInvocations < FunctionsLimits.unrecordedInvocationsMax / 2 else {
      return false
    }
    return function.recordAt.map { steady.now() < $0 } ?? false
  }

  func request(_ request: EngineRequest) {
    unanswered += 1
    requests.push(request)
  }

  func answered() { unanswered -= 1 }

  // MARK: Time

  /// Marks what has come due, and returns when to look again.
  func watch() -> ContinuousClock.Instant? {
    let now = steady.now()
    let today = wall.now()
    var next: ContinuousClock.Instant?
    func look(at moment: ContinuousClock.Instant, _ function: TriggeredFunction) {
      if moment <= now { mark(function) } else { next = min(next ?? moment, moment) }
    }
    if let due = runs.next { next = now + max(.zero, due - today) }
    if !starved.isEmpty {
      // A worker that hangs frees nobody: then another is started.
      workerFreed()
      next = now + FunctionsLimits.watchInterval
    }
    takeOver()
    for function in functions.values {
      if let until = function.pausedUntil {
        if until <= now { function.pausedUntil = nil }
        look(at: until, function)
      }
      if let until = function.heldUntil {
        if until <= now { function.heldUntil = nil }
        look(at: until, function)
      }
      if let moment = function.recordAt, function.machine.hasNews { look(at: moment, function) }
      if let since = function.movedSince { look(at: since + FunctionsLimits.lazyCursorInterval, function) }
      giveUpWaiting(function, now)
      if let moment = function.calls.lazy.map(\.giveUp).min() { look(at: moment, function) }
      if !isDraining, let due = function.schedules.nextDue { look(at: now + (due - today), function) }
      if let due = function.machine.nextDue { look(at: now + (due - today), function) }
    }
    return next
  }

  /// Every event up to here has been passed by every function, durably.
  var passed: Int64 {
    min(functions.values.map { min($0.durableCursor, ($0.machine.oldestParked ?? .max) - 1) }.min() ?? .max, runs.matchAfter ?? .max)
  }

  /// Whether nothing runs and everything is written down.
  var isQuiet: Bool {
    unanswered == 0 && functions.values.allSatisfy { $0.running == 0 && !$0.machine.hasNews && (!$0.machine.hasMoved || !isDraining) }
  }
}
