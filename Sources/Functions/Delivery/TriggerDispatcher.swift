import Core

/// Brings events from the log to workers: reads for each function from its cursor, starts what its delivery machine allows, and has the store
/// write down what came of it. Belongs to the engine's thread; the store and the log answer through `EngineMessage`s.
final class TriggerDispatcher {
  private let project: String
  let pool: WorkerPool
  private let wall: any WallClock
  private let steady: any SteadyClock
  private let requests: RequestQueue
  private let notice: (String) -> Void

  private(set) var functions: [String: TriggeredFunction] = [:]
  /// By the generation of each version that workers may still serve.
  private var versions: [UInt64: (function: TriggeredFunction, version: Int64)] = [:]
  private var nextGeneration: UInt64 = 1
  private var served: UInt64 = 0
  private var identifiers = IdentifierGenerator()
  /// Functions for which something may have become possible.
  private var dirty: Set<String> = []
  /// Functions with deliveries that found no worker.
  private var starved: Set<String> = []
  /// The usual size of an event, for the length of readings.
  private var eventBytes = 512
  /// Nothing new starts.
  var isDraining = false
  /// What still comes back is not counted: it runs again after the next start.
  var isStopping = false
  /// Requests that the store has not answered.
  private(set) var unanswered = 0

  init(
    project: String, pool: WorkerPool, wall: any WallClock, steady: any SteadyClock, requests: RequestQueue, notice: @escaping (String) -> Void
  ) {
    self.project = project
    self.pool = pool
    self.wall = wall
    self.steady = steady
    self.requests = requests
    self.notice = notice
  }

  // MARK: The set of functions

  var known: [String: Timestamp] { functions.mapValues(\.created) }

  /// Takes up what is deployed. Running invocations of an older version, or of a deleted function, are finished.
  func take(_ loaded: [LoadedFunction]) {
    let names = Set(loaded.map(\.deployed.definition.name))
    for function in functions.values where !names.contains(function.name) { remove(function) }
    for one in loaded {
      let name = one.deployed.definition.name
      if let function = functions[name], function.created == one.deployed.created {
        if function.deployed.version != one.deployed.version { redeploy(function, one.deployed) }
        continue
      }
      // Made anew since it was asked for: the next load brings its state.
      guard let state = one.state else { continue }
      if let function = functions[name] { remove(function) }
      let assignment = newAssignment(one.deployed)
      let function = TriggeredFunction(generation: assignment.generation, deployed: one.deployed, assignment: assignment, state: state)
      functions[name] = function
      versions[assignment.generation] = (function, one.deployed.version)
      dirty.insert(name)
    }
  }

  private func newAssignment(_ deployed: DeployedFunction) -> WorkerAssignment {
    defer { nextGeneration += 1 }
    return WorkerAssignment(generation: nextGeneration, definition: deployed.definition)
  }

  private func redeploy(_ function: TriggeredFunction, _ deployed: DeployedFunction) {
    pool.retire(function.assignment.generation)
    function.deployed = deployed
    function.assignment = newAssignment(deployed)
    function.machine.policy = DeliveryPolicy(deployed.definition)
    versions[function.assignment.generation] = (function, deployed.version)
    dirty.insert(function.name)
  }

  private func remove(_ function: TriggeredFunction) {
    pool.retire(function.assignment.generation)
    functions[function.name] = nil
    versions = versions.filter { $0.value.function !== function }
  }

  // MARK: News

  func logChanged() {
    for function in functions.values { function.isAtEnd = false }
    dirty.formUnion(functions.keys)
  }

  func workerFreed() {
    dirty.formUnion(starved)
    starved = []
  }

  func read(_ reading: LogReading, _ result: Result<LogPage, any Error>) {
    unanswered -= 1
    for (position, reader) in reading.readers.enumerated() {
      guard let function = functions[reader.function], function.generation == reader.generation else { continue }
      function.isReading = false
      dirty.insert(function.name)
      switch result {
      case .success(let page):
        function.machine.take(page.wanted[position], through: page.through, at: wall.now())
        if page.count < reading.limit { function.isAtEnd = true }
      case .failure: function.pausedUntil = steady.now() + FunctionsLimits.storeRetry
      }
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
    dirty.insert(name)
    if let error {
      function.machine.restore(changes)
      function.pausedUntil = steady.now() + FunctionsLimits.storeRetry
      notice("deliveries of function '\(name)' could not be recorded: \(error)")
    } else if let cursor = changes.cursor {
      function.durableCursor = cursor
    }
  }

  func revived(_ name: String, _ event: LogEvent) {
    functions[name]?.machine.revived(event)
    dirty.insert(name)
  }

  func finished(_ report: RunReport) {
    guard let (function, version) = versions[report.generation] else { return }
    dirty.insert(function.name)
    let sequence = report.run.delivery.event.sequence
    // Stopped by us, not by anything that it did.
    guard !isStopping else { return function.machine.handedBack(sequence) }
    let now = wall.now()
    let id = write(
      function, version: version, report.run.delivery, status: report.status, error: report.error, started: report.run.started, duration: report.duration,
      isCold: report.run.isCold, cpu: report.cpu, memoryPeak: report.memoryPeak, lines: report.lines)
    if report.status == .succeeded {
      function.machine.succeeded(sequence, at: now)
    } else {
      function.machine.failed(sequence, error: report.error ?? report.status.rawValue, invocation: id, at: now)
    }
  }

  /// No worker could load the module: that is a failed attempt of the delivery that it was loaded for.
  func loadFailed(_ generation: UInt64, _ status: Invocation.Status, _ error: String, _ lines: [InvocationOutput.Line]) {
    guard let (function, version) = versions[generation], function.assignment.generation == generation, !isStopping else { return }
    dirty.insert(function.name)
    let now = wall.now()
    guard let delivery = function.machine.start(at: now) else { return }
    let id = write(
      function, version: version, delivery, status: status, error: error, started: now, duration: .zero, isCold: true, cpu: nil, memoryPeak: nil, lines: lines)
    function.machine.failed(delivery.event.sequence, error: error, invocation: id, at: now)
  }

  private func write(
    _ function: TriggeredFunction, version: Int64, _ delivery: Delivery, status: Invocation.Status, error: String?, started: Timestamp, duration: Duration,
    isCold: Bool, cpu: Duration?, memoryPeak: Int64?, lines: [InvocationOutput.Line]
  ) -> String {
    let id = identifiers.next(at: started)
    let invocation = Invocation(
      id: id, function: function.name, version: version, eventSequence: delivery.event.sequence, eventType: delivery.event.type,
      eventSubject: delivery.event.path,
      attempt: delivery.attempt, status: status, error: error, started: started, duration: duration, isCold: isCold, cpu: cpu, memoryBytesPeak: memoryPeak)
    let logs = lines.map { InvocationLog(id: identifiers.next(at: $0.time), invocation: id, time: $0.time, level: $0.level, message: $0.message) }
    function.machine.ran(invocation, logs: logs)
    return id
  }

  // MARK: Acting on it

  /// Does everything that the news made possible.
  func dispatch() {
    guard !dirty.isEmpty else { return }
    let candidates = dirty.compactMap { functions[$0] }
    dirty = []
    if !isDraining {
      start(candidates)
      read(candidates)
    }
    for function in candidates { record(function) }
  }

  /// Who has the fewest running goes first, then who has waited longest: a busy function cannot starve the others.
  private func start(_ candidates: [TriggeredFunction]) {
    let now = wall.now()
    var waiting = candidates
    while let next = waiting.min(by: { ($0.machine.running, $0.lastServed) < ($1.machine.running, $1.lastServed) }) {
      if !startOne(next, at: now) { waiting.removeAll { $0 === next } }
    }
  }

  private func startOne(_ function: TriggeredFunction, at now: Timestamp) -> Bool {
    guard function.machine.unrecordedInvocations < FunctionsLimits.unrecordedInvocationsMax, function.machine.hasNext(at: now) else { return false }
    guard let worker = pool.take(function.assignment) else {
      starved.insert(function.name)
      return false
    }
    guard let delivery = function.machine.start(at: now) else {
      pool.release(worker)
      return false
    }
    served += 1
    function.lastServed = served
    pool.invoke(worker, delivery, event: delivery.event.cloudEvent(project: project))
    return true
  }

  /// One reading for all that stand at the same place.
  private func read(_ candidates: [TriggeredFunction]) {
    let now = steady.now()
    var readers: [Int64: [LogReading.Reader]] = [:]
    for function in candidates where !function.isReading && !function.isAtEnd {
      if let until = function.pausedUntil, now < until { continue }
      guard function.machine.makeRoom(for: FunctionsLimits.readEventsMax, at: wall.now()) else { continue }
      function.isReading = true
      readers[function.machine.readThrough, default: []].append(
        LogReading.Reader(function: function.name, generation: function.generation, triggers: function.deployed.definition.triggers))
    }
    let limit = min(FunctionsLimits.readEventsMax, max(1, FunctionsLimits.readBytesAim / eventBytes))
    for (after, readers) in readers { request(.read(LogReading(after: after, limit: limit, readers: readers))) }
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
    }
    function.movedSince = nil
    function.isRecording = true
    request(.record(function: function.name, generation: function.generation, function.machine.takeChanges()))
  }

  private func request(_ request: EngineRequest) {
    unanswered += 1
    requests.push(request)
  }

  // MARK: Time

  /// Marks what has come due, and returns when to look again.
  func watch() -> ContinuousClock.Instant? {
    let now = steady.now()
    let today = wall.now()
    var next: ContinuousClock.Instant?
    func look(at moment: ContinuousClock.Instant, _ function: TriggeredFunction) {
      if moment <= now { dirty.insert(function.name) } else { next = min(next ?? moment, moment) }
    }
    for function in functions.values {
      if let until = function.pausedUntil {
        if until <= now { function.pausedUntil = nil }
        look(at: until, function)
      }
      if let since = function.movedSince { look(at: since + FunctionsLimits.lazyCursorInterval, function) }
      if let due = function.machine.nextDue { look(at: now + (due - today), function) }
    }
    return next
  }

  /// Every event up to here has been passed by every function, durably.
  var passed: Int64 {
    functions.values.map { min($0.durableCursor, ($0.machine.oldestParked ?? .max) - 1) }.min() ?? .max
  }

  /// Whether nothing runs and everything is written down.
  var isQuiet: Bool {
    unanswered == 0 && functions.values.allSatisfy { $0.machine.running == 0 && !$0.machine.hasNews && (!$0.machine.hasMoved || !isDraining) }
  }

  func forgetVersions() {
    versions = versions.filter { entry in entry.key == entry.value.function.assignment.generation || pool.groups[entry.key] != nil || pool.isServing(entry.key)
    }
  }
}
