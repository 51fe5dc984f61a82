import Core
import JSON

/// Brings events from the log to workers: reads for each function from its cursor, starts what its delivery machine allows, and has the store
/// write down what came of it. Belongs to the engine's thread; the store and the log answer through `EngineMessage`s.
final class TriggerDispatcher {
  let project: String
  let pool: WorkerPool
  let remotes: RemotePool
  let wall: any WallClock
  let steady: any SteadyClock
  private let requests: RequestQueue
  private let meter: UsageMeter
  let tails: LogTails
  let notice: (String) -> Void

  private(set) var functions: [String: TriggeredFunction] = [:]
  /// By the generation of each version that workers may still serve.
  private(set) var versions: [UInt64: (function: TriggeredFunction, version: Int64)] = [:]
  /// What is hidden of their logs and errors.
  private(set) var masks: [UInt64: SecretMask] = [:]
  private var nextGeneration: UInt64 = 1
  private var served: UInt64 = 0
  private var identifiers = IdentifierGenerator(random: BufferedRandom())
  /// Functions for which something may have become possible.
  private var dirty: Set<String> = []
  /// Functions with deliveries that found no worker.
  private var starved: Set<String> = []
  /// Deliveries that are not late leave the processors to others.
  var isResting = false {
    didSet {
      guard oldValue, !isResting else { return }
      dirty.formUnion(rested)
      rested = []
    }
  }
  /// Functions with deliveries that were left for that.
  private var rested: Set<String> = []
  /// The usual size of an event, for the length of readings.
  private var eventBytes = 512
  /// Nothing new starts.
  var isDraining = false
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

  // MARK: The set of functions

  var known: [String: Timestamp] { functions.mapValues(\.created) }

  /// Takes up what is deployed. Running invocations of an older version, or of a deleted function, are finished.
  func take(_ loaded: [LoadedFunction]) {
    let names = Set(loaded.map(\.deployed.definition.name))
    for function in functions.values where !names.contains(function.name) { remove(function) }
    for one in loaded {
      let name = one.deployed.definition.name
      if let function = functions[name], function.created == one.deployed.created {
        redeploy(function, one)
        continue
      }
      // Made anew since it was asked for: the next load brings its state.
      guard let state = one.state else { continue }
      if let function = functions[name] { remove(function) }
      let served = ServedVersions(one.deployed, secrets: one.secrets, after: [:]) { newGeneration() }
      let function = TriggeredFunction(generation: newGeneration(), deployed: one.deployed, versions: served, state: state, at: wall.now())
      functions[name] = function
      serve(served, of: function)
    }
  }

  private func newGeneration() -> UInt64 {
    defer { nextGeneration += 1 }
    return nextGeneration
  }

  private func redeploy(_ function: TriggeredFunction, _ loaded: LoadedFunction) {
    let deployed = loaded.deployed
    let before = function.versions.assignments.merging(function.coming?.versions.assignments ?? [:]) { $1 }
    let served = ServedVersions(deployed, secrets: loaded.secrets, after: before) { newGeneration() }
    // A deploy that was still coming up when this one came.
    let needed = Set([function.versions, served].flatMap { $0.assignments.values.map(\.generation) })
    for assignment in before.values where !needed.contains(assignment.generation) { pool.retire(assignment.generation) }
    register(served, of: function)
    guard served.kept.allSatisfy({ pool.hasReady($0.assignment.generation) }) else {
      // The new ones come up before the old go.
      function.coming = (deployed, served, steady.now() + FunctionsLimits.readyTimeMax)
      return
    }
    function.coming = nil
    activate(deployed, served, of: function)
  }

  /// Running invocations of versions that nobody needs any more are finished.
  private func activate(_ deployed: DeployedFunction, _ served: ServedVersions, of function: TriggeredFunction) {
    let kept = Set(served.assignments.values.map(\.generation))
    for assignment in function.versions.assignments.values where !kept.contains(assignment.generation) { pool.retire(assignment.generation) }
    // The pause was another version's.
    if function.deployed.version != deployed.version { function.heldUntil = nil }
    let live = Set(served.liveAssignments.map(\.generation))
    for assignment in served.assignments.values where !live.contains(assignment.generation) { pool.keep(assignment, 0) }
    function.deployed = deployed
    function.machine.policy = DeliveryPolicy(deployed.definition)
    function.schedules.take(deployed.definition.schedules, start: deployed.updated, at: wall.now())
    serve(served, of: function)
  }

  private func serve(_ served: ServedVersions, of function: TriggeredFunction) {
    hasNewVersions = true
    function.versions = served
    register(served, of: function)
    dirty.insert(function.name)
  }

  private func register(_ served: ServedVersions, of function: TriggeredFunction) {
    for (version, assignment) in served.assignments {
      versions[assignment.generation] = (function, version)
      masks[assignment.generation] = SecretMask(assignment.secrets)
    }
    for (assignment, count) in served.kept { pool.keep(assignment, count) }
    pool.startKept()
  }

  /// Deploys whose instances have come up take over.
  private func takeOver() {
    for function in functions.values {
      guard let coming = function.coming else { continue }
      let isReady = coming.versions.kept.allSatisfy { pool.hasReady($0.assignment.generation) }
      guard isReady || steady.now() >= coming.until else { continue }
      function.coming = nil
      activate(coming.deployed, coming.versions, of: function)
    }
  }

  private func remove(_ function: TriggeredFunction) {
    for call in function.calls { call.answer.resume(throwing: missing(function.name)) }
    function.calls = []
    for assignment in function.versions.assignments.values { pool.retire(assignment.generation) }
    for assignment in (function.coming?.versions.assignments ?? [:]).values { pool.retire(assignment.generation) }
    functions[function.name] = nil
    hasNewVersions = true
    tails.deleted(function.name)
    versions = versions.filter { $0.value.function !== function }
  }

  // MARK: News

  func logChanged() {
    runs.logChanged()
    for function in functions.values { function.isAtEnd = false }
    dirty.formUnion(functions.keys)
  }

  func workerFreed() {
    pool.startKept()
    takeOver()
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
    function.logsBeingRecorded = []
    dirty.insert(name)
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
    functions[name]?.machine.revived(event)
    dirty.insert(name)
  }

  /// Somebody waits for a run of that function.
  func invoke(_ invocation: DirectInvocation, _ answer: DirectReply) {
    guard !isDraining else { return answer.resume(throwing: RoostError(.unavailable, "The server is stopping.")) }
    guard let function = functions[invocation.function] else { return answer.resume(throwing: missing(invocation.function)) }
    if let refusal = meter.refusal(at: wall.now()) { return answer.resume(throwing: refusal) }
    let bytes = invocation.event.count
    let isSmall = bytes <= FunctionsLimits.callsWaitingBytesMax / FunctionsLimits.callsWaitingMax
    guard function.calls.count < FunctionsLimits.callsWaitingMax,
      isSmall || function.calls.reduce(bytes, { $0 + $1.invocation.event.count }) <= FunctionsLimits.callsWaitingBytesMax
    else {
      return answer.resume(throwing: RoostError(.overloaded, "Too many calls of function '\(function.name)' wait already.", retryAfter: .seconds(1)))
    }
    let version = invocation.version ?? function.deployed.live.main
    guard function.versions.assignments[version] != nil else {
      return answer.resume(throwing: VersionGone())
    }
    let patience = invocation.timeout ?? function.deployed.definition.timeout
    function.calls.append(
      DirectCall(invocation: invocation, version: version, answer: answer, giveUp: steady.now() + patience, since: wall.now()))
    dirty.insert(function.name)
  }

  /// A caller has gone. What waits is forgotten; what runs goes on, unless nothing but its answer's rest is left of it.
  func abandon(_ ticket: UInt64) {
    for function in functions.values {
      guard let place = function.calls.firstIndex(where: { $0.answer.ticket == ticket }) else { continue }
      return function.calls.remove(at: place).answer.resume(throwing: CancellationError())
    }
    pool.abandon(ticket)
  }

  /// Callers who wait for a worker are told that none will come.
  func refuseWaiting() {
    for function in functions.values {
      for call in function.calls { call.answer.resume(throwing: RoostError(.unavailable, "The server is stopping.")) }
      function.calls = []
    }
  }

  private func missing(_ name: String) -> RoostError { RoostError(.functionNotFound, "There is no function '\(name.prefix(80))'.") }

  func finished(_ report: RunReport) {
    guard let (function, version) = versions[report.generation] else {
      if case .direct(let call) = report.run.work { call.answer.resume(throwing: missing(call.invocation.function)) }
      return
    }
    dirty.insert(function.name)
    switch report.run.work {
    case .delivery(let delivery):
      finished(delivery, of: function, version: version, report)
      if let next = report.next { function.machine.promoted(next) }
    case .direct(let call):
      function.callsRunning -= 1
      guard !isStopping, !report.isHandedBack else { return call.answer.resume(throwing: RoostError(.unavailable, "The server is stopping.")) }
      let (invocation, logs) = record(report, of: function, version: version)
      call.answer.resume(returning: DirectAnswer(invocation: invocation, logs: logs, value: report.value))
    }
  }

  private func finished(_ delivery: Delivery, of function: TriggeredFunction, version: Int64, _ report: RunReport) {
    let sequence = delivery.event.sequence
    // Stopped by us, not by anything that it did.
    guard !isStopping, !report.isHandedBack else { return function.machine.handedBack(sequence) }
    let next = function.versions.assignments[version]?.definition.then ?? []
    if report.status == .succeeded, !next.isEmpty, let value = report.value, value.count > Limits.eventDataBytesMax {
      return finished(
        delivery, of: function, version: version,
        report.failed("The function returned more than \(Limits.eventDataBytesMax) bytes, which is what the next one can take."))
    }
    if report.status == .succeeded, let gone = next.first(where: { functions[$0] == nil }) {
      // Trying again would find as little. As a dead letter it waits until there is one, and nobody misses it.
      return failed(
        delivery, of: function, version: version,
        report.failed("Its result is for the function '\(gone)', which is not there any more. Deploy that, and replay this event."), isFinal: true)
    }
    guard report.status == .succeeded || report.status == .suspended else {
      if report.run.isFinal, function.deployed.definition.remote != nil {
        notice("function '\(function.name)': its endpoint is gone (410); its events become dead letters")
      }
      return failed(delivery, of: function, version: version, report, isFinal: report.run.isFinal)
    }
    _ = record(report, of: function, version: version)
    if report.run.usesSteps { runEnded(delivery, of: function, report) }
    if report.status == .succeeded { function.machine.completed(next.map { completion(of: function.name, next: $0, delivery, report) }) }
    function.machine.succeeded(sequence, at: wall.now())
  }

  private func failed(_ delivery: Delivery, of function: TriggeredFunction, version: Int64, _ report: RunReport, isFinal: Bool) {
    let (invocation, _) = record(report, of: function, version: version)
    if let wait = report.retryAfter { function.heldUntil = max(steady.now() + wait, function.heldUntil ?? steady.now()) }
    function.machine.failed(
      delivery.event.sequence, error: invocation.error ?? report.status.rawValue, invocation: invocation.id, isFinal: isFinal, wait: report.retryAfter ?? .zero,
      at: wall.now())
  }

  private func completion(of name: String, next: String, _ delivery: Delivery, _ report: RunReport) -> FunctionResult {
    let auth: JSONValue = ["type": "function", "id": .string(name)]
    let actor = EventActor(auth: auth.bytes(), depth: delivery.event.depth + 1, trace: report.run.trace)
    return FunctionResult(next: next, subject: delivery.event.firstPath, value: report.value ?? Array("null".utf8), actor: actor)
  }

  /// No worker could load the module: that is a failed attempt of the delivery that it was loaded for.
  func loadFailed(_ generation: UInt64, _ status: Invocation.Status, _ error: String, _ lines: [InvocationOutput.Line]) {
    guard let (function, _) = versions[generation], function.versions.version(of: generation) != nil, !isStopping else { return }
    dirty.insert(function.name)
    let now = wall.now()
    let work: RunWork
    if let position = function.calls.firstIndex(where: { function.assignment(for: $0)?.generation == generation }) {
      function.callsRunning += 1
      work = .direct(function.calls.remove(at: position))
    } else if let delivery = function.machine.start(
      at: now, among: FunctionsLimits.deliveriesLookedAtMax, where: { function.versions.assignment(for: $0)?.generation == generation })
    {
      work = .delivery(delivery)
    } else {
      return
    }
    meter.started(at: now)
    let run = Worker.Run(id: 0, work: work, started: now, begin: steady.now(), isCold: true, cpuBefore: nil)
    finished(RunReport(generation: generation, run: run, status: status, error: error, duration: .zero, cpu: nil, memoryPeak: nil, lines: lines))
  }

  private func record(_ report: RunReport, of function: TriggeredFunction, version: Int64) -> (Invocation, [InvocationLog]) {
    let id = report.run.told?.invocation ?? nextID(at: report.run.started)
    let mask = mask(of: report.generation)
    let (sequence, type, subject): (Int64?, String, String) =
      switch report.run.work {
      case .delivery(let delivery): (delivery.event.sequence, delivery.event.type, delivery.event.path)
      case .direct(let call): (nil, call.invocation.eventType, call.invocation.eventSubject)
      }
    let invocation = Invocation(
      id: id, function: function.name, version: version, eventSequence: sequence, eventType: type, eventSubject: subject, attempt: report.run.work.attempt,
      status: report.status, error: report.error.map(mask.masking), started: report.run.started, duration: report.duration, isCold: report.run.isCold,
      cpu: report.cpu, memoryBytesPeak: report.memoryPeak, queued: report.run.work.since.map { max(.zero, report.run.started - $0) },
      memoryBytesMax: function.deployed.definition.memoryBytesMax, trace: report.run.trace)
    meter.ended(invocation, at: wall.now())
    let told = report.run.told?.lines ?? []
    let new = logs(report.lines[told.count...], of: id, report.generation)
    let logs = told + new
    function.machine.ran(invocation, logs: logs)
    function.counters.add(invocation)
    tails.printed(new, by: function.name)
    return (invocation, logs)
  }

  func mask(of generation: UInt64) -> SecretMask { masks[generation] ?? SecretMask([:]) }

  func nextID(at time: Timestamp) -> String { identifiers.next(at: time) }

  // MARK: Acting on it

  /// Does everything that the news made possible.
  func dispatch() {
    if !isDraining, runs.ask(at: wall.now()) { request(.tendRuns(matchedThrough: runs.matchedThrough)) }
    guard !dirty.isEmpty else { return }
    let candidates = dirty.compactMap { functions[$0] }
    dirty = []
    if !isDraining {
      tick(candidates)
      start(candidates)
      read(candidates)
    }
    for function in candidates { record(function) }
  }

  /// Who has the fewest running goes first, then who has waited longest: a busy function cannot starve the others.
  private func start(_ candidates: [TriggeredFunction]) {
    let now = wall.now()
    var waiting = candidates
    while let next = waiting.min(by: { ($0.running, $0.lastServed) < ($1.running, $1.lastServed) }) {
      if !startOne(next, at: now) { waiting.removeAll { $0 === next } }
    }
  }

  private func startOne(_ function: TriggeredFunction, at now: Timestamp) -> Bool {
    guard function.machine.unrecordedInvocations < FunctionsLimits.unrecordedInvocationsMax,
      function.running < function.machine.policy.concurrency, !function.calls.isEmpty || mayDeliver(function, at: now)
    else { return false }
    // Deliveries wait for the next day; nobody waits so long for a call.
    guard meter.waits(at: now) == nil else {
      refuseCalls(of: function, at: now)
      return false
    }
    guard let (place, work) = nextCall(of: function) ?? nextDelivery(of: function, at: now) else {
      starved.insert(function.name)
      return false
    }
    served += 1
    function.lastServed = served
    meter.started(at: now)
    switch (place, work) {
    case (.worker(let worker), .direct(let call)): pool.invoke(worker, work, event: call.invocation.event)
    case (.worker(let worker), .delivery(let delivery)):
      let ahead = startAhead(of: function, behind: delivery, at: worker, now)
      let event = delivery.event.cloudEvent(project: project)
      if ahead.isEmpty {
        pool.invoke(worker, work, event: event)
      } else {
        pool.invoke(worker, [(work, event)] + ahead.map { (.delivery($0), $0.event.cloudEvent(project: project)) })
      }
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

  private func refuseCalls(of function: TriggeredFunction, at now: Timestamp) {
    guard !function.calls.isEmpty, let refusal = meter.refusal(at: now) else { return }
    for call in function.calls { call.answer.resume(throwing: refusal) }
    function.calls = []
  }

  /// What takes one run: a free worker, or an endpoint that may be asked.
  private enum Place {
    case worker(Worker)
    case remote(WorkerAssignment, RemoteEndpoint)
  }

  private func mayDeliver(_ function: TriggeredFunction, at now: Timestamp) -> Bool {
    guard !isHeld(function), function.machine.hasNext(at: now) else { return false }
    guard isResting, let since = function.machine.nextEvent?.time, now - since < FunctionsLimits.lateness else { return true }
    rested.insert(function.name)
    return false
  }

  private func isHeld(_ function: TriggeredFunction) -> Bool { function.heldUntil.map { steady.now() < $0 } ?? false }

  private func place(for assignment: WorkerAssignment, waiting: Int) -> Place? {
    guard let remote = assignment.definition.remote else { return pool.take(assignment, waiting: waiting).map { .worker($0) } }
    return remotes.hasRoom(for: assignment) ? .remote(assignment, remote) : nil
  }

  /// Somebody waits for these: they go first. A version without a free worker does not hold up calls of another.
  private func nextCall(of function: TriggeredFunction) -> (Place, RunWork)? {
    refuseCallsOfGoneVersions(function)
    var busy: Set<UInt64> = []
    for (position, call) in function.calls.enumerated() {
      guard let assignment = function.assignment(for: call), !busy.contains(assignment.generation) else { continue }
      guard let place = place(for: assignment, waiting: function.waiting) else {
        busy.insert(assignment.generation)
        if busy.count == function.versions.assignments.count { return nil }
        continue
      }
      function.calls.remove(at: position)
      function.callsRunning += 1
      return (place, .direct(call))
    }
    return nil
  }

  /// Whoever chose a version was let in by that version's rule, which says nothing about another.
  private func refuseCallsOfGoneVersions(_ function: TriggeredFunction) {
    func isGone(_ call: DirectCall) -> Bool { call.invocation.version.map { function.versions.assignments[$0] == nil } ?? false }
    guard function.calls.contains(where: isGone) else { return }
    for call in function.calls where isGone(call) { call.answer.resume(throwing: VersionGone()) }
    function.calls.removeAll(where: isGone)
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

  func mark(dirty name: String) { dirty.insert(name) }

  // MARK: Time

  /// Marks what has come due, and returns when to look again.
  func watch() -> ContinuousClock.Instant? {
    let now = steady.now()
    let today = wall.now()
    var next: ContinuousClock.Instant?
    func look(at moment: ContinuousClock.Instant, _ function: TriggeredFunction) {
      if moment <= now { dirty.insert(function.name) } else { next = min(next ?? moment, moment) }
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

  private func giveUpWaiting(_ function: TriggeredFunction, _ now: ContinuousClock.Instant) {
    for call in function.calls where call.giveUp <= now {
      call.answer.resume(throwing: RoostError(.overloaded, "Function '\(function.name)' got no worker in time.", retryAfter: .seconds(1)))
    }
    function.calls.removeAll { $0.giveUp <= now }
  }

  /// Every event up to here has been passed by every function, durably.
  var passed: Int64 {
    min(functions.values.map { min($0.durableCursor, ($0.machine.oldestParked ?? .max) - 1) }.min() ?? .max, runs.matchAfter ?? .max)
  }

  /// Whether nothing runs and everything is written down.
  var isQuiet: Bool {
    unanswered == 0 && functions.values.allSatisfy { $0.running == 0 && !$0.machine.hasNews && (!$0.machine.hasMoved || !isDraining) }
  }

  /// Workers of each function that are up.
  var instances: [String: Int] {
    functions.mapValues { function in
      function.versions.assignments.values.reduce(0) { sum, assignment in
        sum + (pool.groups[assignment.generation].map { $0.workers - $0.starting } ?? 0)
      }
    }
  }

  func forgetVersions() {
    versions = versions.filter { generation, entry in
      entry.function.versions.version(of: generation) != nil || entry.function.coming?.versions.version(of: generation) != nil
        || pool.groups[generation] != nil || pool.isServing(generation) || remotes.isServing(generation)
    }
    masks = masks.filter { versions[$0.key] != nil }
  }
}
