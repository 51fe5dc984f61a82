import Core
import JSON
import TestKit
import Testing

@testable import Functions

/// Random schedules of whole runs: executions that end at any point, commits that are late, crashes between any two steps, events that come when
/// they like. Whatever happens: every run ends; a step whose result is durable never runs again; no event that a step waits for is missed.
@Suite("Durable runs under random schedules")
struct RunScheduleTests {
  @Test("keep their promises", arguments: 0..<200)
  func schedule(_ number: Int) throws {
    var world = RunWorld(seed: 0x57e9_0000 + UInt64(number))
    try world.run()
  }
}

/// What a handler does, in order.
private enum Operation {
  case work
  case sleep(Int)
  /// For an event of this key, for so many milliseconds.
  case wait(Int64, Int)
}

private struct Execution {
  let delivery: Delivery
  /// `nil` until it has begun.
  var known: [StepKey: RunStep]?
  var position = 0
  /// The step's function has run, and the store does not know of it.
  var isUntold = false
}

private struct RunWorld {
  let seed: UInt64
  var chance: SeededRandom
  var now = Timestamp(milliseconds: 5_000_000)
  let programs: [Int64: [Operation]]
  let attemptsMax = 1000

  // What survives a crash.
  var log: [LogEvent]
  var store = MemoryRuns()
  var cursor: Int64 = 0
  var parked: [Int64: ParkedDelivery] = [:]

  // What a crash loses.
  var machine: DeliveryMachine
  var executions: [Execution] = []
  var timer = RunsTimer()

  // What is judged: how often each step's function ran, and how often that was more than once for a reason.
  var ran: [String: Int] = [:]
  var excused: [String: Int] = [:]
  var answers: [String: [UInt8]] = [:]

  init(seed: UInt64) {
    self.seed = seed
    var chance = SeededRandom(seed: seed)
    var programs: [Int64: [Operation]] = [:]
    var log: [LogEvent] = []
    for sequence in 1...Int64(Int.random(in: 1...12, using: &chance)) {
      log.append(logged(sequence, "d\(sequence % 3)"))
      programs[sequence] = (0..<Int.random(in: 1...7, using: &chance)).map { _ in
        switch Int.random(in: 0..<4, using: &chance) {
        case 0: .sleep(Int.random(in: 0...300, using: &chance))
        case 1: .wait(Int64.random(in: 0...2, using: &chance), Int.random(in: 0...400, using: &chance))
        default: .work
        }
      }
    }
    self.chance = chance
    self.programs = programs
    self.log = log
    self.chance = chance
    machine = Self.machine(cursor: 0, parked: [], seed: seed)
  }

  static func machine(cursor: Int64, parked: [ParkedDelivery], seed: UInt64) -> DeliveryMachine {
    DeliveryMachine(
      DeliveryState(cursor: cursor, parked: parked), policy: DeliveryPolicy(concurrency: 4, attemptsMax: 1000, backoff: .milliseconds(5)),
      chance: SeededRandom(seed: seed))
  }

  mutating func run() throws {
    var crashes = 0
    for turn in 0..<100_000 {
      switch Int.random(in: 0..<100, using: &chance) {
      case 0..<15: read()
      case 15..<25: start()
      case 25..<65: try go()
      case 65..<75: commit()
      case 75..<85: tend()
      case 85..<93: now = now + .milliseconds(Int.random(in: 0...60, using: &chance))
      case 93..<97: if turn < 3000 { emit() }
      case 97: try end(failing: true)
      default:
        guard crashes < 10 else { continue }
        crashes += 1
        crash()
      }
      if store.runs.count == programs.count, store.runs.values.allSatisfy({ $0.status == .completed }) { return judge() }
    }
    Issue.record("seed \(seed): no end: \(store.runs.values.map { ($0.id, $0.status, $0.wake?.milliseconds ?? 0) }), now \(now.milliseconds)")
  }

  private func judge() {
    for (id, program) in programs {
      let steps = store.steps[MemoryRuns.Key(function: "f", run: id)] ?? []
      #expect(steps.count == program.count && steps.allSatisfy { $0.status == .completed }, "seed \(seed): run \(id)")
      for (position, operation) in program.enumerated() {
        if case .work = operation {
          let name = "\(id)/\(position)"
          #expect(ran[name, default: 0] <= 1 + excused[name, default: 0], "seed \(seed): step \(name) ran \(ran[name, default: 0]) times")
          #expect(ran[name, default: 0] >= 1, "seed \(seed): step \(name) never ran")
        }
        guard case .wait(let key, let time) = operation, let step = steps.first(where: { $0.key.name == "\(position)" }) else { continue }
        // The first event after its registration, if that came in time; nothing, if none did. Between the two moments both are right.
        let first = log.first { $0.sequence > step.wait?.after ?? 0 && $0.container == "signals" && $0.subject == "\(key)" }
        if step.result == Array("null".utf8) {
          #expect(first.map { $0.time >= step.created } ?? true, "seed \(seed)")
          #expect((step.ended ?? step.created) >= step.created + .milliseconds(time), "seed \(seed): gave up too early")
        } else {
          #expect(first?.cloudEvent(project: "p") == step.result, "seed \(seed): run \(id) got another event than the first")
        }
      }
    }
  }

  // MARK: Delivery

  private mutating func read() {
    let most = machine.capacity
    guard most > 0, machine.readThrough < log.count else { return }
    let from = Int(machine.readThrough)
    let page = log[from..<min(from + min(most, Int.random(in: 1...20, using: &chance)), log.count)]
    let wanted = page.compactMap { event -> LogEvent? in
      if event.container == "posts" { return event }
      guard event.wakesRun(of: "f"), let run = store.runs[MemoryRuns.Key(function: "f", run: event.runID ?? 0)], run.driver == event.sequence else {
        return nil
      }
      return event.carrying(run.event)
    }
    machine.take(wanted, through: Int64(page.endIndex), at: now)
  }

  private mutating func start() {
    guard let delivery = machine.start(at: now) else { return }
    executions.append(Execution(delivery: delivery))
  }

  private mutating func commit() {
    guard machine.hasNews || machine.hasMoved else { return }
    let changes = machine.takeChanges()
    if Int.random(in: 0..<5, using: &chance) == 0 { return machine.restore(changes) }
    for one in changes.park { parked[one.event.sequence] = one }
    for sequence in changes.unpark { parked[sequence] = nil }
    #expect(changes.deadLetters.isEmpty, "seed \(seed)")
    for outcome in changes.runs { store.record(outcome, of: "f") }
    if let moved = changes.cursor { cursor = moved }
    if !changes.runs.isEmpty { timer.runsChanged() }
  }

  private mutating func crash() {
    for execution in executions where execution.isUntold { excuse(execution) }
    executions = []
    timer = RunsTimer()
    machine = Self.machine(cursor: cursor, parked: Array(parked.values), seed: seed &+ 1)
  }

  private mutating func excuse(_ execution: Execution) {
    excused["\(execution.delivery.event.runID ?? 0)/\(execution.position)", default: 0] += 1
  }

  // MARK: Executions

  /// One move of one of the workers.
  private mutating func go() throws {
    guard let index = executions.indices.randomElement(using: &chance) else { return }
    var execution = executions[index]
    let event = execution.delivery.event
    guard let id = event.runID, let program = programs[id] else {
      Issue.record("seed \(seed): a delivery of nothing")
      return
    }
    guard let known = execution.known else {
      switch try tell(.begin, execution) {
      case .begun(let steps):
        executions[index].known = Dictionary(uniqueKeysWithValues: steps.map { ($0.key, $0) })
        let others = executions.enumerated().filter { $0.offset != index && $0.element.known != nil && $0.element.delivery.event.runID == id }
        #expect(others.isEmpty, "seed \(seed): run \(id) is executed twice at once")
      case .over: finish(index, .suspended)
      case .step: break
      }
      return
    }
    guard execution.position < program.count else { return finish(index, .completed(Array("1".utf8))) }
    let key = StepKey(name: "\(execution.position)", occurrence: 0)
    if let step = known[key] {
      guard step.status == .completed else { return finish(index, .suspended) }
      execution.position += 1
      executions[index] = execution
      return
    }
    switch program[execution.position] {
    case .work:
      if !execution.isUntold {
        ran["\(id)/\(execution.position)", default: 0] += 1
        executions[index].isUntold = true
        return
      }
      guard case .step(let step) = try tell(.completed(key, result: Array("1".utf8)), execution) else { return finish(index, .suspended) }
      execution.known?[key] = step
      execution.isUntold = false
    case .sleep(let time):
      guard case .step(let step) = try tell(.sleeping(key, until: now + .milliseconds(time)), execution) else { return finish(index, .suspended) }
      execution.known?[key] = step
    case .wait(let signal, let time):
      let wait = try EventWait(["event": "document.created", "collection": "signals", "match": ["k": .int(signal)]])
      guard case .step(let step) = try tell(.waiting(key, wait, until: now + .milliseconds(time)), execution) else { return finish(index, .suspended) }
      execution.known?[key] = step
    }
    executions[index] = execution
  }

  private mutating func tell(_ command: StepCommand, _ execution: Execution) throws -> StepReply {
    let event = execution.delivery.event
    let who = RunExecution(
      function: "f", version: 1, run: event.runID ?? 0, driver: event.sequence, depth: 0, event: event.kind == .run ? nil : event.cloudEvent(project: "p"))
    return try store.tell(command, by: who, lastSequence: Int64(log.count), at: now, retryAfter: { _ in nil })
  }

  private mutating func finish(_ index: Int, _ end: RunOutcome.End) {
    let event = executions.remove(at: index).delivery.event
    machine.ended(RunOutcome(run: event.runID ?? 0, driver: event.sequence, end: end, time: now))
    machine.succeeded(event.sequence, at: now)
  }

  /// A worker that crashes, or a handler that throws.
  private mutating func end(failing: Bool) throws {
    guard let index = executions.indices.randomElement(using: &chance) else { return }
    let execution = executions.remove(at: index)
    if execution.isUntold { excuse(execution) }
    machine.failed(execution.delivery.event.sequence, error: "no", invocation: nil, at: now)
  }

  // MARK: Runs that wait

  private mutating func emit() {
    let key = Int.random(in: 0...2, using: &chance)
    log.append(logged(Int64(log.count + 1), "\(key)", collection: "signals", after: #"{"k":\#(key)}"#, time: now))
    timer.logChanged()
  }

  private mutating func tend() {
    guard timer.ask(at: now) else { return }
    if Int.random(in: 0..<8, using: &chance) == 0 { return timer.failed(at: now) }
    for key in store.wake(at: now, lastSequence: Int64(log.count), limit: 2) {
      log.append(
        LogEvent(
          sequence: Int64(log.count + 1), time: now, kind: .run, action: .updated, container: LogEvent.runsContainer(of: "f"), subject: String(key.run),
          before: nil, after: nil, auth: nil, depth: 0))
    }
    var agenda = store.agenda()
    var isAtEnd = true
    var matchedThrough = timer.matchedThrough
    if let after = agenda.matchAfter.map({ max($0, timer.matchedThrough) }) {
      let events = log.dropFirst(Int(after)).prefix(Int.random(in: 1...10, using: &chance))
      if let last = events.last {
        var matches: [WaitMatch] = []
        for one in store.waits(for: Set(events.map(\.type)), after: 0, limit: 1000) {
          guard let event = events.first(where: { one.wait.matches($0) }) else { continue }
          matches.append(WaitMatch(row: one.row, name: one.wait.event, sequence: event.sequence, result: event.cloudEvent(project: "p")))
        }
        if !matches.isEmpty || Bool.random(using: &chance) { store.resolve(matches, through: last.sequence, at: now) }
        matchedThrough = last.sequence
        isAtEnd = last.sequence == log.count
        agenda = store.agenda()
      }
    }
    timer.answered(TendedRuns(agenda: agenda, matchedThrough: matchedThrough, isAtEnd: isAtEnd), at: now)
  }
}

/// As the writer would append it, at that moment.
private func logged(_ sequence: Int64, _ subject: String, collection: String = "posts", after: String = "{}", time: Timestamp? = nil) -> LogEvent {
  LogEvent(
    sequence: sequence, time: time ?? Timestamp(milliseconds: 5_000_000), kind: .document, action: .created, container: collection, subject: subject,
    before: nil,
    after: Array(after.utf8), auth: nil, depth: 0)
}
