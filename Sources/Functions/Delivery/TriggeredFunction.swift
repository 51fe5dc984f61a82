import Core

/// One function as the dispatcher holds it: its version, its deliveries, and what it has asked of the store and the log.
final class TriggeredFunction {
  /// Tells it from an earlier function of its name, for answers that come late.
  let generation: UInt64
  let created: Timestamp
  var deployed: DeployedFunction
  var versions: ServedVersions
  /// A deploy whose instances are coming up, while the versions before go on; and until when they may.
  var coming: (deployed: DeployedFunction, versions: ServedVersions, until: ContinuousClock.Instant)?
  var machine: DeliveryMachine
  var schedules: ScheduleBook
  /// Direct calls that wait for a worker, oldest first.
  var calls: [DirectCall] = []
  var callsRunning = 0
  var counters = FunctionCounters()
  /// Deleted, or made anew: another one has its name now, if any.
  var isGone = false
  var isReading = false
  /// Everything in the log was read, as it was after so many changes.
  var endSeen: UInt64?
  var isRecording = false
  /// What the store has been given and has not confirmed.
  var logsBeingRecorded: [InvocationLog] = []
  /// A remote endpoint asked for a pause.
  var heldUntil: ContinuousClock.Instant?
  /// After the store or the log refused.
  var pausedUntil: ContinuousClock.Instant?
  /// What came of its runs is not written down sooner.
  var recordAt: ContinuousClock.Instant?
  /// Since when only the cursor waits to be recorded.
  var movedSince: ContinuousClock.Instant?
  /// What the store has; nothing above it may be pruned.
  var durableCursor: Int64
  /// When it last got a worker, in order.
  var lastServed: UInt64 = 0

  init(generation: UInt64, deployed: DeployedFunction, versions: ServedVersions, state: DeliveryState, at now: Timestamp) {
    self.generation = generation
    created = deployed.created
    self.deployed = deployed
    self.versions = versions
    machine = DeliveryMachine(state, policy: DeliveryPolicy(deployed.definition))
    schedules = ScheduleBook(deployed.definition.schedules, marks: state.schedules, start: deployed.updated, at: now)
    durableCursor = state.cursor
  }

  /// The version that takes a call: its own may have gone meanwhile, if it named none.
  func assignment(for call: DirectCall) -> WorkerAssignment? {
    versions.assignments[call.version] ?? versions.assignments[deployed.live.main]
  }

  /// Invocations that workers and endpoints are at, of both kinds.
  var running: Int { machine.running + callsRunning }

  /// What a further worker would find to do.
  var waiting: Int { calls.count + machine.openCount - machine.running - machine.ahead }

  var name: String { deployed.definition.name }
}

/// By identity: one that was deleted and made anew is another.
extension TriggeredFunction: Hashable {
  static func == (left: TriggeredFunction, right: TriggeredFunction) -> Bool { left === right }

  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
