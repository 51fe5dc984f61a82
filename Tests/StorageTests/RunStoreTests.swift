import Core
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("Durable runs at rest")
struct RunStoreTests {
  private let never: @Sendable (Int) -> Duration? = { _ in nil }

  private func deploy(_ name: String = "f", in store: TestStorage) async throws {
    let definition = try FunctionDefinition(name: name, value: ["source": "export default () => 1", "triggers": []])
    _ = try await store.project.functions.deploy(definition, at: store.clock.now())
  }

  private func execution(_ run: Int64 = 1, driver: Int64 = 1, event: String? = #"{"id":"1"}"#, function: String = "f") -> RunExecution {
    RunExecution(function: function, version: 3, run: run, driver: driver, depth: 2, event: event.map { Array($0.utf8) })
  }

  private func key(_ name: String, _ occurrence: Int = 0) -> StepKey { StepKey(name: name, occurrence: occurrence) }

  @discardableResult
  private func tell(_ command: StepCommand, _ execution: RunExecution, _ store: TestStorage) async throws -> StepReply {
    try await store.project.functions.tell(command, by: execution, at: store.clock.now(), retryAfter: never)
  }

  private func end(_ end: RunOutcome.End, _ execution: RunExecution, _ store: TestStorage) async throws {
    var changes = DeliveryChanges()
    changes.runs = [RunOutcome(run: execution.run, driver: execution.driver, end: end, time: store.clock.now())]
    try await store.project.functions.record(changes, of: execution.function)
  }

  @Test("A run goes on where it was, and its wake-up is an event of the log")
  func life() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    try await deploy(in: store)
    let begin = execution()
    guard case .begun(let none) = try await tell(.begin, begin, store) else { return #expect(Bool(false)) }
    #expect(none.isEmpty)
    try await tell(.completed(key("a"), result: Array(#"{"x":[1,null]}"#.utf8)), begin, store)
    try await tell(.completed(key("a", 1), result: nil), begin, store)
    try await tell(.sleeping(key("nap"), until: store.clock.now() + .seconds(60)), begin, store)
    try await end(.suspended, begin, store)
    let (run, steps) = try #require(try await functions.run(1, of: "f"))
    #expect(run.status == .sleeping && run.version == 3 && run.depth == 2 && run.steps == 3 && run.wake == store.clock.now() + .seconds(60))
    #expect(steps.map(\.key) == [key("a"), key("a", 1), key("nap")])
    #expect(steps[0].result == Array(#"{"x":[1,null]}"#.utf8) && steps[1].result == nil && steps[2].status == .sleeping)

    // Too early, then in time.
    let agenda = try await functions.wakeRuns(at: store.clock.now(), limit: 10)
    #expect(agenda == RunsAgenda(nextWake: run.wake, matchAfter: nil))
    #expect(try await store.events().isEmpty)
    store.clock.advance(by: .seconds(61))
    #expect(try await functions.wakeRuns(at: store.clock.now(), limit: 10) == RunsAgenda())
    let event = try #require(try await store.events().last)
    #expect(event.wakesRun(of: "f") && event.runID == 1 && event.depth == 2 && !event.wakesRun(of: "g"))
    #expect(try await functions.event(ofRun: 1, of: "f", driver: event.sequence) == Array(#"{"id":"1"}"#.utf8))
    #expect(try await functions.event(ofRun: 1, of: "f", driver: event.sequence + 1) == nil)

    // A delivery that was repeated has to stop; the one that was woken goes on.
    let next = execution(driver: event.sequence, event: nil)
    let repeated = execution(driver: event.sequence + 7)
    guard case .over = try await tell(.begin, repeated, store) else { return #expect(Bool(false)) }
    guard case .over = try await tell(.completed(key("b"), result: nil), repeated, store) else { return #expect(Bool(false)) }
    guard case .begun(let known) = try await tell(.begin, next, store) else { return #expect(Bool(false)) }
    #expect(known.map(\.status) == [.completed, .completed, .completed])
    try await end(.completed(Array("5".utf8)), next, store)
    let over = try #require(try await functions.run(1, of: "f"))
    #expect(over.run.status == .completed && over.run.result == Array("5".utf8) && over.run.executions == 2 && over.run.ended == store.clock.now())
  }

  @Test("An event ends the waits that began before it, once each, wherever their run is")
  func waits() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    let things = try await store.collection()
    try await deploy(in: store)
    try await store.create(["n": 0], in: things)
    let wait = try EventWait(["event": "document.created", "match": ["n": 1]])
    for run in Int64(1)...3 {
      try await tell(.begin, execution(run, driver: run), store)
      try await tell(.waiting(key("w"), wait, until: store.clock.now() + .seconds(60)), execution(run, driver: run), store)
    }
    try await end(.suspended, execution(1, driver: 1), store)
    try await end(.suspended, execution(2, driver: 2), store)
    try await store.create(["n": 1], in: things)
    let agenda = try await functions.wakeRuns(at: store.clock.now(), limit: 10)
    #expect(agenda.matchAfter == 1)
    let first = try await functions.waits(for: ["roost.document.created"], after: 0, limit: 2)
    let rest = try await functions.waits(for: ["roost.document.created"], after: first.last?.row ?? 0, limit: 2)
    #expect(first.count == 2 && rest.count == 1 && first[0].wait.after == 1)
    #expect(try await functions.waits(for: ["roost.document.updated"], after: 0, limit: 9).isEmpty)
    let event = try #require(try await store.events().last)
    #expect(first.allSatisfy { $0.wait.matches(event) })
    let matches = (first + rest).map { WaitMatch(row: $0.row, name: "roost.document.created", sequence: event.sequence, result: Array("{}".utf8)) }
    // One of them too early for it.
    let early = WaitMatch(row: first[0].row, name: "roost.document.created", sequence: 1, result: Array("1".utf8))
    _ = try await functions.resolve([early], through: 1, at: store.clock.now())
    #expect(try await functions.run(1, of: "f")?.run.wake == store.clock.now() + .seconds(60))
    let after = try await functions.resolve(matches + matches, through: event.sequence, at: store.clock.now())
    #expect(after == RunsAgenda(nextWake: store.clock.now(), matchAfter: nil))
    #expect(try await functions.run(3, of: "f")?.run.isStale == true)
    try await end(.suspended, execution(3, driver: 3), store)
    _ = try await functions.wakeRuns(at: store.clock.now(), limit: 2)
    _ = try await functions.wakeRuns(at: store.clock.now(), limit: 2)
    #expect(try await functions.wakeRuns(at: store.clock.now(), limit: 2) == RunsAgenda())
    #expect(try await store.events().filter { $0.kind == .run }.compactMap(\.runID).sorted() == [1, 2, 3])
  }

  @Test("A dead letter is its run's failure; a replay forgets what failed last")
  func failure() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    let things = try await store.collection()
    try await deploy(in: store)
    try await store.create(["n": 0], in: things)
    let event = try #require(try await store.events().last)
    try await tell(.begin, execution(), store)
    let error = Array(#"{"name":"E","message":"m"}"#.utf8)
    try await tell(.failed(key("caught"), error: error, isFinal: true), execution(), store)
    store.clock.advance(by: .seconds(1))
    try await tell(.completed(key("handled"), result: nil), execution(), store)
    store.clock.advance(by: .seconds(1))
    try await tell(.failed(key("last"), error: error, isFinal: true), execution(), store)
    var changes = DeliveryChanges()
    changes.deadLetters = [DeadLetter(id: "d", event: event, attempts: 1, error: "boom", invocation: nil, created: store.clock.now())]
    try await functions.record(changes, of: "f")
    let failed = try #require(try await functions.run(1, of: "f")?.run)
    #expect(failed.status == .failed && failed.error == "boom")
    guard case .begun(let steps) = try await tell(.begin, execution(), store) else { return #expect(Bool(false)) }
    #expect(steps.map(\.key.name) == ["caught", "handled"])
    #expect(try await functions.run(1, of: "f")?.run.status == .running)
  }

  @Test("Runs are listed by status, cancelled, and gone with their age or their function")
  func upkeep() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    try await deploy(in: store)
    for run in Int64(1)...5 {
      try await tell(.begin, execution(run, driver: run), store)
      try await tell(.sleeping(key("s"), until: store.clock.now() + .seconds(60)), execution(run, driver: run), store)
      try await end(.suspended, execution(run, driver: run), store)
    }
    #expect(try await functions.runs(of: "f", status: nil, limit: 2, before: nil).map(\.id) == [5, 4])
    #expect(try await functions.runs(of: "f", status: .sleeping, limit: 9, before: 4).map(\.id) == [3, 2, 1])
    #expect(try await functions.cancelRun(2, of: "f", at: store.clock.now())?.status == .cancelled)
    await #expect(throws: RoostError.self) { try await functions.cancelRun(2, of: "f", at: store.clock.now()) }
    #expect(try await functions.cancelRun(77, of: "f", at: store.clock.now()) == nil)
    #expect(try await functions.runs(of: "f", status: .cancelled, limit: 9, before: nil).map(\.id) == [2])
    #expect(try await functions.run(2, of: "f")?.steps.first?.due == nil)
    try await functions.pruneRuns(before: store.clock.now())
    #expect(try await functions.run(2, of: "f") != nil)
    store.clock.advance(by: .seconds(1))
    try await functions.pruneRuns(before: store.clock.now())
    #expect(try await functions.run(2, of: "f") == nil)
    #expect(try await functions.runs(of: "f", status: nil, limit: 9, before: nil).count == 4)

    // A function of the same name begins with nothing, and nobody is woken for the old one.
    _ = try await functions.deleteFunction("f")
    try await deploy(in: store)
    store.clock.advance(by: .seconds(100))
    #expect(try await functions.wakeRuns(at: store.clock.now(), limit: 9) == RunsAgenda())
    #expect(try await functions.runs(of: "f", status: nil, limit: 9, before: nil).isEmpty)
    #expect(try await store.events().isEmpty)
  }

  @Test("A finished step stays as it is, and of its kind")
  func finished() async throws {
    let store = try await TestStorage()
    try await deploy(in: store)
    try await tell(.begin, execution(), store)
    await #expect(throws: RoostError.self) {
      try await tell(.completed(key("x"), result: nil), execution(), store); try await tell(.sleeping(key("x"), until: store.clock.now()), execution(), store)
    }
    guard case .step(let step) = try await tell(.completed(key("x"), result: Array("9".utf8)), execution(), store) else { return #expect(Bool(false)) }
    #expect(step.result == nil && step.status == .completed)
  }
}
