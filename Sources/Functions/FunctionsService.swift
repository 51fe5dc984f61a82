import Core
import Glibc
import Synchronization

/// Runs a project's functions: `run()` for as long as the server lives, `drain()` before it stops.
///
/// Commits wake it; every function's events are delivered at least once, in order for each document, to sandboxed workers.
package final class FunctionsService: FunctionRuntime {
  let project: String
  let functions: any FunctionStore
  let log: any EventLog
  private let api: any LocalAPI
  let configuration: FunctionsConfiguration
  let wall: any WallClock
  private let steady: any SteadyClock
  private let notice: @Sendable (String) -> Void
  private let secrets: SecretVault
  private let sender: RemoteSender
  private let inbox = EngineInbox()
  let status = FunctionsStatus()
  private let meter: UsageMeter
  private let hasRun = Atomic(false)
  package let tails: LogTails
  private let tickets = Atomic<UInt64>(0)
  private let stopAt = Mutex<ContinuousClock.Instant?>(nil)

  /// `notice` gets sentences for the operator: what does not work and why.
  package convenience init(
    project: Project, api: any LocalAPI, outbound: any OutboundHTTP, configuration: FunctionsConfiguration, clock: any WallClock,
    notice: @escaping @Sendable (String) -> Void
  ) {
    self.init(
      project: project.name, functions: project.functions, log: project.log, secrets: project.secrets, api: api, outbound: outbound,
      configuration: configuration, clock: clock, steady: MachineSteadyClock(),
      notice: notice)
  }

  init(
    project: String, functions: any FunctionStore, log: any EventLog, secrets: SecretVault, api: any LocalAPI, outbound: any OutboundHTTP,
    configuration: FunctionsConfiguration, clock: any WallClock,
    steady: any SteadyClock, notice: @escaping @Sendable (String) -> Void
  ) {
    self.project = project
    self.functions = functions
    self.log = log
    self.secrets = secrets
    self.api = api
    sender = RemoteSender(project: project, outbound: outbound, wall: clock)
    var configuration = configuration
    configuration.archivesPath = functions.archivesPath
    self.configuration = configuration
    meter = UsageMeter(configuration.usageLimits)
    wall = clock
    self.steady = steady
    self.notice = notice
    tails = LogTails { [inbox] function, follower in inbox.post(.followed(function: function, follower)) }
  }

  /// How well functions are shut in; `nil` until the first worker has come up or failed to.
  package var sandboxLevel: SandboxLevel? { probe?.level }

  /// The same, with the interpreter and the reason for less than `full`.
  package var probe: FunctionsProbe? { status.view.probes[.javascript] }

  /// The same for every runtime that was tried. JavaScript is at once, the others when there is a function for them.
  package var probes: [FunctionRuntimeKind: FunctionsProbe] { status.view.probes }

  /// Worker processes alive now.
  package var workers: Int { status.view.workers }

  /// Delivers until `drain()` was called and what ran has ended, or the task is cancelled: then what runs is stopped at once, and runs again after
  /// the next start. No worker is alive when it returns. Throws `SandboxUnavailable` if `requireSandbox` is set and cannot be fulfilled. Call it once.
  package func run() async throws {
    precondition(!hasRun.exchange(true, ordering: .sequentiallyConsistent), "A functions service runs once.")
    let requests = RequestQueue()
    log.onCommit { [inbox] in inbox.logChanged() }
    WorkerThread.start(name: "functions") { [project, configuration, inbox, status, tails, meter, wall, steady, notice] in
      setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, FunctionsLimits.engineNiceness)
      FunctionsEngine(
        project: project, configuration: configuration, inbox: inbox, requests: requests, status: status, tails: tails, meter: meter, wall: wall,
        steady: steady,
        notice: notice
      ).run()
    }
    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { group in
        while let batch = await requests.next() {
          for request in batch { group.addTask { await self.perform(request) } }
        }
        // Requests to remote functions that were handed back.
        group.cancelAll()
      }
    } onCancel: { [inbox] in
      inbox.post(.stop)
    }
    if let failure = status.view.failure { throw failure }
  }

  /// Starts nothing new, lets what runs end within the drain time, then `run()` returns.
  package func drain() {
    inbox.post(.drain)
  }

  /// Whether what runs is to be stopped.
  var isOver: Bool { stopAt.withLock { $0.map { $0 <= steady.now() } ?? false } }

  /// What still runs then is stopped, and callers who still wait are told. Until `drain()` everything goes on as before.
  package func stop(after time: Duration) {
    stopAt.withLock { $0 = steady.now() + time }
    inbox.post(.stopAfter(time))
  }

  /// Looks at the clocks now: for tests that move them by hand.
  func wake() {
    inbox.post(.wake)
  }

  // MARK: FunctionRuntime

  package func check(_ definition: FunctionDefinition) async throws {
    if let reason = definition.remote.flatMap({ sender.outbound.refusal(of: $0.url) }) {
      throw RoostError(
        .validationFailed, "The function's `url` is refused: \(reason).", fields: [FieldError("/url", "expected the address of a public server")])
    }
    let opened = try await secrets.open()
    let filled = opened.filling(definition)
    do {
      try await withCheckedThrowingContinuation { continuation in
        guard !inbox.post(.check(filled, continuation)) else { return }
        continuation.resume(throwing: RoostError(.unavailable, "The server is stopping."))
      }
    } catch let error as RoostError where error.code == .deployRefused {
      // The interpreter's words, with whatever the module printed.
      throw RoostError(error.code, SecretMask(opened.values(for: definition.name)).masking(error.message), fields: error.fields)
    }
  }

  package func invoke(_ invocation: DirectInvocation) async throws -> DirectAnswer {
    guard case .whole(let answer) = try await reply(to: invocation, stream: nil, ticket: 0) else {
      throw RoostError(.internal, "A function streamed an answer that was wanted whole.")
    }
    return answer
  }

  package func call(_ invocation: DirectInvocation) async throws -> CallReply {
    let ticket = tickets.add(1, ordering: .relaxed).newValue
    let stream = CallStream(
      taken: { [inbox] bytes in inbox.post(.taken(ticket: ticket, bytes: bytes)) }, abandoned: { [inbox] in inbox.post(.abandoned(ticket)) })
    return try await withTaskCancellationHandler {
      try await reply(to: invocation, stream: stream, ticket: ticket)
    } onCancel: { [inbox] in
      inbox.post(.abandoned(ticket))
    }
  }

  private func reply(to invocation: DirectInvocation, stream: CallStream?, ticket: UInt64) async throws -> CallReply {
    try await withCheckedThrowingContinuation { continuation in
      let reply = DirectReply(continuation, ticket: ticket, stream: stream)
      if !inbox.post(.invoke(invocation, reply)) { reply.resume(throwing: RoostError(.unavailable, "The server is stopping.")) }
      // Whoever had gone before this was posted was abandoned before anybody knew the call.
      if stream != nil, Task.isCancelled { inbox.post(.abandoned(ticket)) }
    }
  }

  package func deployed(_ name: String) async throws -> DeployedFunction? {
    if let known = status.functions { return known[name] }
    // Before the engine has read them for the first time.
    return try await functions.functions().first { $0.definition.name == name }
  }

  package func measure() async throws -> FunctionsMeasure {
    try await withCheckedThrowingContinuation { continuation in
      guard !inbox.post(.measure(continuation)) else { return }
      continuation.resume(throwing: RoostError(.unavailable, "The server is stopping."))
    }
  }

  package func functionsChanged() async {
    await withCheckedContinuation { continuation in
      if !inbox.post(.functionsChanged(continuation)) { continuation.resume() }
    }
  }

  package func replay(deadLetter id: String, of function: String) async throws -> Bool {
    guard let letter = try await functions.deadLetter(id, of: function) else { return false }
    var changes = DeliveryChanges()
    changes.park = [ParkedDelivery(event: letter.event, attempts: 0, due: wall.now(), born: wall.now())]
    changes.removeDeadLetters = [id]
    try await functions.record(changes, of: function)
    inbox.post(.revived(function: function, letter.event))
    return true
  }

  package func replayDeadLetters(of function: String) async throws -> (count: Int, more: Bool) {
    var count = 0
    while count < FunctionsLimits.lettersReplayedMax {
      let letters = try await functions.deadLetters(of: function, limit: FunctionsLimits.lettersPerCommit, after: nil)
      guard !letters.isEmpty else { return (count, false) }
      var changes = DeliveryChanges()
      changes.park = letters.map { ParkedDelivery(event: $0.event, attempts: 0, due: wall.now(), born: wall.now()) }
      changes.removeDeadLetters = letters.map(\.id)
      try await functions.record(changes, of: function)
      for letter in letters { inbox.post(.revived(function: function, letter.event)) }
      count += letters.count
    }
    return (count, try await !functions.deadLetters(of: function, limit: 1, after: nil).isEmpty)
  }

  // MARK: What the engine asks

  private func perform(_ request: EngineRequest) async {
    switch request {
    case .load(let known): inbox.post(.loaded(await load(known)))
    case .read(let reading): inbox.post(.read(reading, await read(reading)))
    case .record(let function, let generation, let changes):
      do {
        try await functions.record(changes, of: function)
        inbox.post(.recorded(function: function, generation: generation, changes, nil))
      } catch {
        inbox.post(.recorded(function: function, generation: generation, changes, error))
      }
    case .tick(let tick):
      do {
        let mark = try await functions.tick(tick.trigger, of: tick.function, due: tick.due, expecting: tick.mark)
        inbox.post(.ticked(tick, .success(mark)))
      } catch {
        inbox.post(.ticked(tick, .failure(error)))
      }
    case .call(let worker, let number, let call): inbox.post(.answered(worker: worker, number: number, await api.perform(call)))
    case .step(let worker, let number, let call): inbox.post(.answered(worker: worker, number: number, await perform(call)))
    case .tendRuns(let through): inbox.post(.tended(await tendRuns(matchedThrough: through)))
    case .send(let call): inbox.post(.sent(call.id, await sender.send(call)))
    case .lookUp(let worker, let tunnel, let host):
      do throws(OutboundFailure) {
        inbox.post(.lookedUp(worker: worker, tunnel: tunnel, .success(try await sender.outbound.addresses(of: host))))
      } catch {
        inbox.post(.lookedUp(worker: worker, tunnel: tunnel, .failure(error)))
      }
    case .prune(let through, let moment):
      do {
        try await functions.pruneRuns(before: Timestamp(milliseconds: wall.now().milliseconds - Limits.runRetention.milliseconds))
        _ = try await log.prune(through: through, before: moment)
        inbox.post(.pruned(nil))
      } catch {
        inbox.post(.pruned(error))
      }
    }
  }

  private func load(_ known: [String: Timestamp]) async -> Result<[LoadedFunction], any Error> {
    do {
      try await meter.prime(functions, at: wall.now())
      var loaded: [LoadedFunction] = []
      let secrets = try await secrets.open()
      for deployed in try await functions.functions() {
        let isKnown = known[deployed.definition.name] == deployed.created
        let state = isKnown ? nil : try await functions.deliveryState(of: deployed.definition.name)
        loaded.append(
          LoadedFunction(deployed: deployed.filled(with: secrets), state: state, secrets: secrets.values(for: deployed.definition.name)))
      }
      return .success(loaded)
    } catch {
      return .failure(error)
    }
  }

  /// Triggers are matched here, off the engine's thread.
  private func read(_ reading: LogReading) async -> Result<LogPage, any Error> {
    do {
      let events = try await log.events(after: reading.after, limit: reading.limit)
      var wanted = reading.wanted(events)
      for (position, reader) in reading.readers.enumerated() where !wanted[position].isEmpty {
        wanted[position] = try await completed(wanted[position], for: reader.function)
      }
      let bytes = events.reduce(0) { $0 + 128 + ($1.before?.count ?? 0) + ($1.after?.count ?? 0) }
      return .success(LogPage(through: events.last?.sequence ?? reading.after, count: events.count, bytes: bytes, wanted: wanted))
    } catch {
      return .failure(error)
    }
  }
}
