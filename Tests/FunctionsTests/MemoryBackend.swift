import Core
import JSON
import Synchronization
import TestKit

@testable import Functions

/// A log and a function store in memory. Tests wait for what they want to see in it: each change looks at the conditions that are waited for.
final class MemoryBackend: FunctionStore, EventLog {
  struct State {
    var events: [LogEvent] = []
    var functions: [String: DeployedFunction] = [:]
    var cursors: [String: Int64] = [:]
    var parked: [String: [Int64: ParkedDelivery]] = [:]
    var schedules: [String: [String: ScheduleMark]] = [:]
    var deadLetters: [DeadLetter] = []
    var invocations: [Invocation] = []
    var logs: [InvocationLog] = []
    var runs = MemoryRuns()
    var records = 0
    var recordFailures = 0
    /// The functions cannot be read.
    var isUnreadable = false
    var prunings: [Pruning] = []

    var statuses: [Invocation.Status] { invocations.map(\.status) }
    var messages: [String] { logs.map(\.message) }
  }

  struct Pruning: Equatable, Sendable {
    let through: Int64
    let before: Timestamp
  }

  private struct Waiter {
    let condition: @Sendable (State) -> Bool
    let continuation: CheckedContinuation<Bool, Never>
  }

  private struct Shared {
    var state = State()
    var waiters: [Int: Waiter] = [:]
    var nextWaiter = 0
    /// Holds readings of the log, after they have found what there is.
    var readingGate: Gate?
    var wakes: [@Sendable () -> Void] = []
  }

  struct Refused: Error {}

  private let shared = Mutex(Shared())
  private let clock: any WallClock
  let vault = SecretVault.inMemory()

  init(clock: any WallClock) {
    self.clock = clock
  }

  var state: State { shared.withLock { $0.state } }

  @discardableResult
  func change<Result: Sendable>(_ body: (inout State) throws -> Result) rethrows -> Result {
    let (result, satisfied) = try shared.withLock { shared in
      let result = try body(&shared.state)
      let state = shared.state
      let satisfied = shared.waiters.filter { $0.value.condition(state) }
      for id in satisfied.keys { shared.waiters[id] = nil }
      return (result, satisfied.values.map(\.continuation))
    }
    for continuation in satisfied { continuation.resume(returning: true) }
    return result
  }

  /// Returns once the condition holds; false if it does not within the time.
  func reaches(_ time: Duration = .seconds(30), _ condition: @escaping @Sendable (State) -> Bool) async -> Bool {
    let id = shared.withLock { shared in
      shared.nextWaiter += 1
      return shared.nextWaiter
    }
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        await withCheckedContinuation { continuation in
          let holds = self.shared.withLock { shared in
            if condition(shared.state) { return true }
            shared.waiters[id] = Waiter(condition: condition, continuation: continuation)
            return false
          }
          if holds { continuation.resume(returning: true) }
        }
      }
      group.addTask {
        try? await Task.sleep(for: time)
        // Nobody else resumes what is taken out here.
        self.shared.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: false)
        return false
      }
      let first = await group.next() ?? false
      group.cancelAll()
      return first
    }
  }

  // MARK: What a test does

  /// Commits an event, as the writer does.
  func commit(_ subject: String, action: LogEvent.Action = .created, collection: String = "posts", after: String = "{}", depth: Int = 0) {
    commit([(subject, action, collection, after, depth)])
  }

  func commit(_ events: [(subject: String, action: LogEvent.Action, collection: String, after: String, depth: Int)]) {
    change { state in
      for one in events {
        state.events.append(
          LogEvent(
            sequence: Int64(state.events.count + 1), time: clock.now(), kind: .document, action: one.action, container: one.collection, subject: one.subject,
            before: nil,
            after: Array(one.after.utf8), auth: nil, depth: one.depth))
      }
    }
    wake()
  }

  func wake() {
    for wake in shared.withLock({ $0.wakes }) { wake() }
  }

  // MARK: EventLog

  func events(after sequence: Int64, limit: Int) async throws -> [LogEvent] {
    let (events, gate) = shared.withLock { (Array($0.state.events.dropFirst(Int(sequence)).prefix(limit)), $0.readingGate) }
    await gate?.pass()
    return events
  }

  func holdReadings(by gate: Gate) { shared.withLock { $0.readingGate = gate } }

  func databaseSize() async throws -> DatabaseSize { DatabaseSize(main: 0, free: 0, log: 0) }

  func lastSequence() async throws -> Int64 { shared.withLock { Int64($0.state.events.count) } }

  func portion(of collection: String, after sequence: Int64, limit: Int, then: @escaping @Sendable (Result<LogPortion, any Error>) -> Void) {
    // Functions read the log whole.
    then(.failure(RoostError(.notImplemented, "The memory's log has no portions.")))
  }

  func onCommit(_ wake: @escaping @Sendable () -> Void) {
    shared.withLock { $0.wakes.append(wake) }
  }

  func prune(through sequence: Int64, before moment: Timestamp) async throws -> Int {
    change { $0.prunings.append(Pruning(through: sequence, before: moment)) }
    return 0
  }

  // MARK: FunctionStore

  func functions() async throws -> [DeployedFunction] {
    try shared.withLock { shared in
      if shared.state.isUnreadable { throw Refused() }
      return Array(shared.state.functions.values)
    }
  }

  func deploy(_ definition: FunctionDefinition, _ options: DeployOptions, at now: Timestamp) async throws -> (DeployedFunction, created: Bool) {
    change { state in
      let old = state.functions[definition.name]
      let new = DeployedFunction(definition: definition, version: (old?.version ?? 0) + 1, created: old?.created ?? now, updated: now)
      state.functions[definition.name] = new
      if old == nil { state.cursors[definition.name] = Int64(state.events.count) }
      return (new, old == nil)
    }
  }

  func deleteFunction(_ name: String) async throws -> Bool {
    change { state in
      state.cursors[name] = nil
      state.parked[name] = nil
      return state.functions.removeValue(forKey: name) != nil
    }
  }

  func deliveryState(of function: String) async throws -> DeliveryState {
    shared.withLock { shared in
      DeliveryState(
        cursor: shared.state.cursors[function] ?? 0, parked: Array((shared.state.parked[function] ?? [:]).values),
        schedules: shared.state.schedules[function] ?? [:])
    }
  }

  func record(_ changes: DeliveryChanges, of function: String) async throws {
    try change { state in
      if state.recordFailures > 0 {
        state.recordFailures -= 1
        throw Refused()
      }
      state.records += 1
      if let cursor = changes.cursor { state.cursors[function] = cursor }
      for parked in changes.park { state.parked[function, default: [:]][parked.event.sequence] = parked }
      for sequence in changes.unpark { state.parked[function]?[sequence] = nil }
      state.deadLetters.removeAll { changes.removeDeadLetters.contains($0.id) }
      state.deadLetters += changes.deadLetters
      for letter in changes.deadLetters { state.runs.failed(letter, of: function) }
      for outcome in changes.runs { state.runs.record(outcome, of: function) }
      state.invocations += changes.invocations
      state.logs += changes.logs
      for completion in changes.completions {
        state.events.append(
          LogEvent(
            sequence: Int64(state.events.count + 1), time: clock.now(), kind: .function, action: .completed, container: completion.next,
            subject: completion.subject, before: nil, after: completion.value, auth: completion.actor.auth, depth: completion.actor.depth))
      }
    }
  }

  func emit(_ event: NamedEvent, by actor: EventActor, repeatable: Repeatable<Int64>?) async throws -> Int64 {
    throw RoostError(.notImplemented, "Nobody emits into the memory's log.")
  }

  func tick(_ schedule: ScheduleTrigger, of function: String, due: Timestamp, expecting mark: Timestamp) async throws -> ScheduleMark {
    let result = try change { state in
      if state.recordFailures > 0 {
        state.recordFailures -= 1
        throw Refused()
      }
      if let known = state.schedules[function]?[schedule.key], known.mark != mark { return known }
      let sequence = Int64(state.events.count + 1)
      state.events.append(
        LogEvent(
          sequence: sequence, time: clock.now(), kind: .schedule, action: .due, container: function, subject: schedule.key, before: nil,
          after: schedule.data(due: due), auth: nil, depth: 0))
      let new = ScheduleMark(mark: due, sequence: sequence)
      state.schedules[function, default: [:]][schedule.key] = new
      return new
    }
    for wake in shared.withLock({ $0.wakes }) { wake() }
    return result
  }

  func invocations(of function: String, _ filter: InvocationFilter, limit: Int, before id: String?) async throws -> [Invocation] {
    state.invocations.filter { $0.function == function }
  }
  func logs(of function: String, _ filter: LogFilter, limit: Int, before id: String?) async throws -> (lines: [InvocationLog], next: String?) {
    (state.logs, nil)
  }
  func logs(of function: String, after id: String, limit: Int) async throws -> [InvocationLog] { state.logs.filter { $0.id > id } }
  func deleteDeadLetters(of function: String, id: String?) async throws -> Int {
    change { state in
      let count = state.deadLetters.count
      state.deadLetters.removeAll { id == nil || $0.id == id }
      return count - state.deadLetters.count
    }
  }
  func deadLetters(of function: String, limit: Int, after id: String?) async throws -> [DeadLetter] { state.deadLetters }
  func usage(_ query: UsageQuery) async throws -> [UsageEntry] {
    var sum = UsageSum()
    for invocation in state.invocations where query.from <= UsageDay(invocation.started) && UsageDay(invocation.started) <= query.to {
      sum.add(UsageSum(invocation))
    }
    return [UsageEntry(key: "", sum: sum)]
  }
  func deadLetter(_ id: String, of function: String) async throws -> DeadLetter? { state.deadLetters.first { $0.id == id } }
}

/// An API of documents that only remembers calls and answers with what the test says.
final class RecordingAPI: LocalAPI {
  struct Call: Sendable {
    let function: String
    let depth: Int
    let method: String
    let target: String
    let headers: [String: String]
    let body: String
  }

  private let state = Mutex<[Call]>([])
  private let answer: @Sendable (LocalCall) async -> LocalAnswer

  init(_ answer: @escaping @Sendable (LocalCall) async -> LocalAnswer = { _ in RecordingAPI.json(200, #"{"ok":true}"#) }) {
    self.answer = answer
  }

  var calls: [Call] { state.withLock { $0 } }

  func perform(_ call: LocalCall) async -> LocalAnswer {
    guard case .function(let name, let depth) = call.caller else { return Self.json(500, "{}") }
    let headers = Dictionary(call.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    state.withLock {
      $0.append(
        Call(function: name, depth: depth, method: call.method, target: call.target, headers: headers, body: String(decoding: call.body, as: UTF8.self)))
    }
    return await answer(call)
  }

  static func json(_ status: Int, _ text: String) -> LocalAnswer {
    LocalAnswer(status: status, headers: [("content-type", status < 400 ? "application/json" : "application/problem+json")], body: Array(text.utf8))
  }
}
