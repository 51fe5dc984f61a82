import Core

/// The deliveries of one function, as a plain state machine: told what was read and how each try ended, it says what to start next and what to
/// write down. It knows no clock, no disk and no workers.
///
/// It promises:
/// - At least once: the cursor that it wants recorded stays below every event that is neither done, nor parked, nor dead in the same record.
/// - In order for each document: a delivery starts only when all earlier ones of its document are done or dead.
/// - Attempts are bounded, across restarts too, since a failed one is parked with its count.
/// - Bounded memory: `capacity` says how many more events it takes.
///
/// A delivery is *open* while it holds the cursor back, or *parked* when it stands in the durable list instead. All that is parked is older than all
/// that is open, except for dead letters that came back.
struct DeliveryMachine {
  struct Bounds {
    var window = Limits.deliveryWindow
    var windowBytes = FunctionsLimits.windowBytesMax
    var parked = Limits.parkedMax
    var parkedBytes = FunctionsLimits.parkedBytesMax
    var depth = Limits.triggerDepthMax
  }

  var policy: DeliveryPolicy
  private let bounds: Bounds
  private var chance: any RandomNumberGenerator & Sendable
  private var identifiers: IdentifierGenerator

  private var entries: [Int64: DeliveryEntry] = [:]
  /// The sequences of each document, ascending; only the first may run.
  private var queues: [String: [Int64]] = [:]
  /// Firsts that wait for a slot, and firsts that wait for their time. What no longer holds is skipped when it comes up.
  private var ready = Heap<Int64>()
  private var backingOff = Heap<DueDelivery>()
  private var open = Heap<Int64>()
  /// Done although an earlier one is still open: what a crash would repeat.
  private var doneAhead = Heap<Int64>()
  private var newestDone: Int64 = 0
  /// The time that it was told last.
  var latest: Timestamp?

  /// Those that workers or endpoints are at.
  private(set) var running = 0
  /// Those that wait behind one of them, at its worker.
  private(set) var ahead = 0
  private(set) var openCount = 0
  private(set) var openBytes = 0
  private(set) var parkedCount = 0
  private(set) var parkedBytes = 0
  /// Events given up since the start.
  private(set) var deadLetters = 0
  /// Every event up to here was looked at.
  private(set) var readThrough: Int64
  private var record: DeliveryRecord

  init(
    _ state: DeliveryState, policy: DeliveryPolicy, bounds: Bounds = Bounds(), chance: any RandomNumberGenerator & Sendable = SecureRandom(),
    identifiers: IdentifierGenerator = IdentifierGenerator()
  ) {
    self.policy = policy
    self.bounds = bounds
    self.chance = chance
    self.identifiers = identifiers
    readThrough = state.cursor
    record = DeliveryRecord(cursor: state.cursor)
    for parked in state.parked.sorted(by: { $0.event.sequence < $1.event.sequence }) {
      add(DeliveryEntry(parked.event, attempts: parked.attempts, state: .backingOff(parked.due), isParked: true, since: parked.due, born: parked.born))
    }
    for queue in queues.values { activate(queue[0]) }
  }

  // MARK: Events

  /// How many more events it takes. Zero also while too many are parked.
  var capacity: Int {
    guard parkedCount <= bounds.parked - bounds.window, parkedBytes <= bounds.parkedBytes, openBytes <= bounds.windowBytes else { return 0 }
    return max(0, bounds.window - openCount)
  }

  /// The log was read up to `through`; `events` are those of it that the function wants, ascending.
  mutating func take(_ events: [LogEvent], through: Int64, at now: Timestamp) {
    for event in events where event.sequence > readThrough && entries[event.sequence] == nil {
      guard event.depth <= bounds.depth else {
        bury(
          event, attempts: 0, error: "Stopped: this event is more than \(bounds.depth) triggers away from the request that began the chain.", invocation: nil,
          at: now)
        continue
      }
      if add(DeliveryEntry(event, attempts: 0, state: .waiting, isParked: false, since: event.time)) { ready.insert(event.sequence) }
    }
    readThrough = max(readThrough, through)
  }

  /// Whether a delivery may start now.
  mutating func hasNext(at now: Timestamp) -> Bool {
    follow(clock: now)
    return running < policy.concurrency && hasReady(at: now)
  }

  /// The one that starts next, after `hasNext` has said so.
  var nextEvent: LogEvent? { ready.first.flatMap { entries[$0]?.event } }

  private mutating func hasReady(at now: Timestamp) -> Bool {
    while let due = backingOff.first, due.time <= now {
      _ = backingOff.popFirst()
      guard let entry = entries[due.sequence], entry.state == .backingOff(due.time), isFirst(entry) else { continue }
      entries[due.sequence]?.state = .waiting
      ready.insert(due.sequence)
    }
    while let sequence = ready.first {
      let entry = entries[sequence].flatMap { $0.state == .waiting && isFirst($0) ? $0 : nil }
      if let entry, !isTooOld(entry, at: now) { return true }
      _ = ready.popFirst()
      // It has waited longer than it was to, for a slot or for a server that was down.
      if let entry { giveUp(entry, at: now) }
    }
    return false
  }

  /// The next delivery to start, if one may.
  /// - Parameters:
  ///   - most: among so many of those that may start.
  ///   - accepts: whether this one may, for instance because there is a worker for its version.
  mutating func start(at now: Timestamp, among most: Int = 1, where accepts: (LogEvent) -> Bool = { _ in true }) -> Delivery? {
    var passedOver: [Int64] = []
    defer { for sequence in passedOver { ready.insert(sequence) } }
    while passedOver.count < most, hasNext(at: now), let sequence = ready.popFirst(), let entry = entries[sequence] {
      guard accepts(entry.event) else {
        passedOver.append(sequence)
        continue
      }
      entries[sequence]?.state = .running
      running += 1
      return delivery(of: entry)
    }
    return nil
  }

  /// Starts more that wait behind one that was started, at its worker, which takes them up one after another: only the one that it is at takes a slot.
  /// What failed before goes alone, so that one bad event holds nothing up.
  mutating func startAhead(of count: Int, bytes: Int, at now: Timestamp, where accepts: (LogEvent) -> Bool) -> [Delivery] {
    var started: [Delivery] = []
    var total = 0
    while started.count < count, total < bytes, hasReady(at: now), let sequence = ready.first, let entry = entries[sequence], entry.attempts == 0,
      accepts(entry.event)
    {
      _ = ready.popFirst()
      entries[sequence]?.state = .ahead
      ahead += 1
      total += entry.bytes
      started.append(delivery(of: entry))
    }
    return started
  }

  /// The one before it has ended: its worker is at it now.
  mutating func promoted(_ sequence: Int64) {
    guard entries[sequence]?.state == .ahead else { return }
    ahead -= 1
    running += 1
    entries[sequence]?.state = .running
  }

  private func delivery(of entry: DeliveryEntry) -> Delivery {
    Delivery(event: entry.event, attempt: entry.attempts + 1, since: entry.since, wantsValue: policy.wantsValue)
  }

  /// A started delivery ended well.
  mutating func succeeded(_ sequence: Int64, at now: Timestamp) {
    guard let entry = entries[sequence], entry.state == .running else { return }
    running -= 1
    settle(entry, at: now)
  }

  /// A started delivery failed: it waits for its next attempt, or was the last one.
  /// `isFinal`: trying again would change nothing. `wait`: not before so much time has passed.
  mutating func failed(_ sequence: Int64, error: String, invocation: String?, isFinal: Bool = false, wait: Duration = .zero, at now: Timestamp) {
    guard var entry = entries[sequence], entry.state == .running else { return }
    running -= 1
    entry.attempts += 1
    guard !isFinal, entry.attempts < policy.attemptsMax else {
      settle(entry, at: now)
      bury(entry.event, attempts: entry.attempts, error: error, invocation: invocation, at: now)
      return
    }
    let due = now + max(wait, policy.delay(afterAttempts: entry.attempts, using: &chance))
    entry.failure = (error, invocation)
    if isTooOld(entry, at: due) { return giveUp(entry, at: now) }
    entry.state = .backingOff(due)
    entry.since = due
    entries[sequence] = entry
    backingOff.insert(DueDelivery(time: due, sequence: sequence))
    park(sequence, due: due)
    parkOpen(below: sequence, at: now)
  }

  /// A started delivery could not be tried, through no fault of the function.
  mutating func handedBack(_ sequence: Int64) {
    switch entries[sequence]?.state {
    case .running: running -= 1
    case .ahead: ahead -= 1
    default: return
    }
    entries[sequence]?.state = .waiting
    ready.insert(sequence)
  }

  /// A dead letter comes back: it waits in line again, from its first attempt. It was parked durably by whoever says so.
  mutating func revived(_ event: LogEvent, at now: Timestamp) {
    guard entries[event.sequence] == nil else { return }
    if add(DeliveryEntry(event, attempts: 0, state: .waiting, isParked: true, born: now)) { ready.insert(event.sequence) }
  }

  /// Whether an event was looked at, and its delivery, if there was one, is over.
  func isSettled(_ sequence: Int64) -> Bool { sequence <= readThrough && entries[sequence] == nil }

  /// Adds to what is written down next.
  mutating func ran(_ invocation: Invocation, logs: [InvocationLog]) {
    record.changes.invocations.append(invocation)
    record.changes.logs.append(contentsOf: logs)
  }

  /// The same for a durable run whose execution ended.
  mutating func ended(_ run: RunOutcome) { record.changes.runs.append(run) }

  /// What the function returned goes on, together with the record of its success.
  mutating func completed(_ completions: [FunctionResult]) {
    record.changes.completions.append(contentsOf: completions)
  }

  // MARK: What is written down

  /// The earliest moment at which a parked delivery may start.
  var nextDue: Timestamp? { backingOff.first?.time }

  var oldestParked: Int64? { entries.values.lazy.filter(\.isParked).map(\.event.sequence).min() }

  var unrecordedInvocations: Int { record.changes.invocations.count }

  var unrecordedLogs: [InvocationLog] { record.changes.logs }

  /// Whether something besides the cursor waits to be written down.
  var hasNews: Bool { !record.isEmpty }

  /// Whether that is more than records of runs that went well.
  var hasUrgentNews: Bool { record.isUrgent }

  /// Whether the cursor has moved since it was last taken.
  var hasMoved: Bool { settledCursor > record.cursor }

  /// All that is to be committed together, with the cursor that then holds. Empty if there is nothing.
  mutating func takeChanges() -> DeliveryChanges {
    record.take(cursor: settledCursor)
  }

  /// What was taken could not be committed: it goes with the next.
  mutating func restore(_ changes: DeliveryChanges) {
    record.restore(changes)
  }

  private var settledCursor: Int64 { open.first.map { $0 - 1 } ?? readThrough }

  // MARK: Inside

  private func isFirst(_ entry: DeliveryEntry) -> Bool { queues[entry.key]?.first == entry.event.sequence }

  /// Whether it is the first of its document.
  @discardableResult
  private mutating func add(_ entry: DeliveryEntry) -> Bool {
    let sequence = entry.event.sequence
    entries[sequence] = entry
    if entry.isParked {
      parkedCount += 1
      parkedBytes += entry.bytes
    } else {
      openCount += 1
      openBytes += entry.bytes
      open.insert(sequence)
    }
    // New ones come last; only a revived one may belong further ahead, but never before one that runs.
    guard var queue = queues[entry.key] else {
      queues[entry.key] = [sequence]
      return true
    }
    var position = queue.count
    while position > 0, queue[position - 1] > sequence, entries[queue[position - 1]]?.isStarted != true { position -= 1 }
    queue.insert(sequence, at: position)
    queues[entry.key] = queue
    return position == 0
  }

  private mutating func activate(_ sequence: Int64) {
    switch entries[sequence]?.state {
    case .waiting: ready.insert(sequence)
    case .backingOff(let due): backingOff.insert(DueDelivery(time: due, sequence: sequence))
    case .running, .ahead, nil: break
    }
  }

  mutating func changeDues(_ change: (Timestamp) -> Timestamp) {
    for (sequence, entry) in entries {
      guard case .backingOff(let due) = entry.state, change(due) != due else { continue }
      entries[sequence]?.state = .backingOff(change(due))
      entries[sequence]?.since = change(due)
      if isFirst(entry) { activate(sequence) }
    }
  }

  /// Done or dead: the next of its document may go.
  private mutating func settle(_ entry: DeliveryEntry, at now: Timestamp) {
    let sequence = entry.event.sequence
    entries[sequence] = nil
    if entry.isParked {
      parkedCount -= 1
      parkedBytes -= entry.bytes
      record.unpark(sequence)
    } else {
      openCount -= 1
      openBytes -= entry.bytes
      newestDone = max(newestDone, sequence)
      doneAhead.insert(sequence)
    }
    let queue = queues.removeValue(forKey: entry.key)?.filter { $0 != sequence } ?? []
    if let next = queue.first {
      queues[entry.key] = queue
      activate(next)
    }
    trim()
    if doneAhead.count >= bounds.window { parkOpen(below: newestDone, at: now) }
  }

  /// Moves a delivery from the window to the parked list, or changes its line there.
  private mutating func park(_ sequence: Int64, due: Timestamp) {
    guard let entry = entries[sequence] else { return }
    record.park(ParkedDelivery(event: entry.event, attempts: entry.attempts, due: due, born: entry.born))
    guard !entry.isParked else { return }
    entries[sequence]?.isParked = true
    openCount -= 1
    openBytes -= entry.bytes
    parkedCount += 1
    parkedBytes += entry.bytes
    trim()
  }

  private func isTooOld(_ entry: DeliveryEntry, at moment: Timestamp) -> Bool {
    guard entry.attempts > 0, let ageMax = policy.ageMax else { return false }
    return moment > entry.born + ageMax
  }

  /// It is not tried again, although there are attempts left.
  private mutating func giveUp(_ entry: DeliveryEntry, at now: Timestamp) {
    settle(entry, at: now)
    let reason = "It is not tried again: the next attempt would come later than `maxAge` of `retry`, \((policy.ageMax ?? .zero).configured), allows."
    bury(
      entry.event, attempts: entry.attempts, error: [entry.failure?.error, reason].compactMap { $0 }.joined(separator: "\n"),
      invocation: entry.failure?.invocation, at: now)
  }

  private mutating func bury(_ event: LogEvent, attempts: Int, error: String, invocation: String?, at now: Timestamp) {
    deadLetters += 1
    record.changes.deadLetters.append(
      DeadLetter(id: identifiers.next(at: now), event: event, attempts: attempts, error: error, invocation: invocation, created: now))
    parkOpen(below: event.sequence, at: now)
  }

  /// Drops from the heaps what no longer holds the cursor back.
  private mutating func trim() {
    while let sequence = open.first, entries[sequence].map({ $0.isParked }) ?? true { _ = open.popFirst() }
    while let sequence = doneAhead.first, sequence <= settledCursor { _ = doneAhead.popFirst() }
  }

  /// Lets the cursor pass: what is still open below goes on, but from the parked list. So no record ever holds a parked or dead delivery beyond
  /// its cursor, which a crash would read again, and deliver after later ones of its document.
  private mutating func parkOpen(below limit: Int64, at now: Timestamp) {
    guard let first = open.first, first < limit else { return }
    let open = entries.values.filter { !$0.isParked && $0.event.sequence < limit }.map(\.event.sequence).sorted()
    for sequence in open { park(sequence, due: now) }
  }

  /// Whether it takes so many more events. If it does not because deliveries wait behind slow ones of their own documents, although there are free
  /// slots, these are parked, so that other documents come in.
  mutating func makeRoom(for count: Int, at now: Timestamp) -> Bool {
    if capacity >= count { return true }
    guard running < policy.concurrency, !hasNext(at: now) else { return false }
    let blocked = entries.values.filter { !$0.isParked && $0.state == .waiting && !isFirst($0) }.map(\.event.sequence)
    guard let last = blocked.max() else { return false }
    parkOpen(below: last + 1, at: now)
    return capacity >= count
  }
}
