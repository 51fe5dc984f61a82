import Core
import JSON
import Synchronization
import TestKit
import Testing

@testable import Functions

@Suite("Delivering events to functions", .serialized)
struct FunctionDeliveryTests {
  @Test("Each document's events arrive in their order, those of different documents side by side")
  func order() async throws {
    let seen = Mutex<[String: [Int]]>([:])
    let api = RecordingAPI { call in
      let parts = call.target.split(separator: "/")
      seen.withLock { $0[String(parts[1]), default: []].append(Int(parts[2]) ?? -1) }
      return RecordingAPI.json(200, "{}")
    }
    try await FunctionsLab.run(api: api) { lab in
      try await lab.deploy(
        """
        export default async (event, { api }) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
          await api("POST", `/v1/${event.data.after.id}/${event.data.after.n}`);
        };
        """, concurrency: 4)
      for n in 0..<20 { lab.backend.commit((0..<6).map { ("d\($0)", .updated, "posts", #"{"id":"d\#($0)","n":\#(n)}"#, 0) }) }
      _ = try await lab.invocations(120)
      #expect(seen.withLock { $0.count } == 6)
      for numbers in seen.withLock({ $0.values }) { #expect(numbers == Array(0..<20)) }
      #expect(await lab.backend.reaches { $0.cursors["f"] == 120 })
      #expect(Set(lab.backend.state.invocations.map(\.eventSequence)).count == 120)
    }
  }

  @Test("Failures are tried again, up to the last attempt; then the dead letter keeps event and error")
  func retriesToDeadLetter() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default (event, { attempt }) => { console.log('try', attempt); throw new Error('no luck'); };", attempts: 3)
      lab.backend.commit("1", after: #"{"n":1}"#)
      try #require(try await advancing(lab) { $0.deadLetters.count == 1 })
      let state = lab.backend.state
      let letter = state.deadLetters[0]
      #expect(letter.attempts == 3 && letter.error.contains("no luck") && letter.event.sequence == 1 && letter.invocation == state.invocations.last?.id)
      #expect(state.invocations.map(\.attempt) == [1, 2, 3] && state.statuses == [.failed, .failed, .failed])
      #expect(state.messages == ["try 1", "try 2", "try 3"])
      #expect(state.parked["f"]?.isEmpty == true && state.cursors["f"] == 1)
    }
  }

  @Test("A failing document holds back its own later events only")
  func holdsBackItsOwn() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default (event) => { if (event.data.after.stuck) throw new Error('stuck'); };", attempts: 2, backoff: "1h")
      lab.backend.commit("a", after: #"{"stuck":true}"#)
      lab.backend.commit("b")
      lab.backend.commit("a", action: .updated)
      lab.backend.commit("c")
      _ = try await lab.invocations(3)
      #expect(lab.backend.state.invocations.compactMap(\.eventSequence).sorted() == [1, 2, 4])
      #expect(await lab.backend.reaches { $0.cursors["f"] == 2 && $0.parked["f"]?.keys.sorted() == [1] })
      try #require(try await advancing(lab, by: .seconds(3600)) { $0.invocations.count == 5 })
      #expect(lab.backend.state.invocations.suffix(2).compactMap(\.eventSequence) == [1, 3])
      #expect(lab.backend.state.deadLetters.map(\.event.sequence) == [1])
    }
  }

  @Test("A dead letter can be replayed once the function is mended")
  func replay() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default () => { throw new Error('broken'); };")
      lab.backend.commit("1")
      lab.backend.commit("2")
      try #require(await lab.backend.reaches { $0.deadLetters.count == 2 })
      try await lab.deploy("export default () => {};")
      let letter = try #require(lab.backend.state.deadLetters.first { $0.event.sequence == 2 })
      #expect(try await lab.service.replay(deadLetter: letter.id, of: "f"))
      let run = try await lab.invocations(3)[2]
      #expect(run.status == .succeeded && run.eventSequence == 2 && run.attempt == 1 && run.version == 2)
      #expect(await lab.backend.reaches { $0.deadLetters.count == 1 && $0.parked["f"]?.isEmpty == true })
      #expect(try await lab.service.replay(deadLetter: "nonsense", of: "f") == false)
    }
  }

  @Test("An event at the end of too long a chain is stopped and reported; what a function does carries the depth")
  func depth() async throws {
    let api = RecordingAPI()
    try await FunctionsLab.run(api: api) { lab in
      try await lab.deploy("export default async (event, { db }) => { await db.collection('posts').create({}); };")
      lab.backend.commit("1", depth: 16)
      lab.backend.commit("2", depth: 17)
      _ = try await lab.invocations(1)
      #expect(await lab.backend.reaches { $0.deadLetters.count == 1 && $0.cursors["f"] == 2 })
      #expect(lab.backend.state.deadLetters[0].event.sequence == 2)
      #expect(api.calls.map(\.depth) == [17] && api.calls[0].function == "f")
    }
  }

  @Test("Only the events that a trigger asks for arrive, and the cursor moves over the others")
  func triggers() async throws {
    try await FunctionsLab.run { lab in
      let definition = try FunctionDefinition(
        name: "f",
        value: [
          "source": "export default () => {};",
          "triggers": [
            ["type": "document", "events": ["created"], "collection": "posts", "where": "total > 100"],
            ["type": "document", "events": ["deleted"], "collection": "notes"],
          ],
        ])
      _ = try await lab.backend.deploy(definition, at: lab.clock.now())
      await lab.service.functionsChanged()
      lab.backend.commit([
        ("1", .created, "posts", #"{"total":101}"#, 0), ("2", .created, "posts", #"{"total":99}"#, 0), ("3", .created, "posts", "{}", 0),
        ("4", .updated, "posts", #"{"total":500}"#, 0),
        ("5", .deleted, "notes", "{}", 0), ("6", .created, "notes", "{}", 0), ("7", .created, "others", #"{"total":500}"#, 0),
      ])
      _ = try await lab.invocations(2)
      #expect(lab.backend.state.invocations.compactMap(\.eventSequence).sorted() == [1, 5])
    }
  }

  @Test("Several functions get the same event, each on its own cursor; a broken one does not disturb the others")
  func severalFunctions() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default () => {};", name: "good")
      try await lab.deploy("export default () => { throw new Error('x'); };", name: "bad")
      try await lab.deploy("export default () => {};", name: "other", collection: "notes")
      for n in 0..<10 { lab.backend.commit("\(n)") }
      try #require(await lab.backend.reaches { $0.cursors["good"] == 10 && $0.cursors["bad"] == 10 && $0.deadLetters.count == 10 })
      let runs = lab.backend.state.invocations
      #expect(runs.filter { $0.function == "good" && $0.status == .succeeded }.count == 10 && runs.count == 20)
    }
  }

  @Test("A redeploy does not drop the running invocation; the next event runs the new version")
  func redeploy() async throws {
    let gate = Gate()
    let api = RecordingAPI { _ in
      await gate.pass()
      return RecordingAPI.json(200, "{}")
    }
    try await FunctionsLab.run(api: api) { lab in
      try await lab.deploy("export default async (event, { api }) => { await api('GET', '/v1/old'); console.log('old'); };", concurrency: 1)
      lab.backend.commit("1")
      await gate.reached()
      try await lab.deploy("export default async () => { console.log('new'); };", concurrency: 1)
      lab.backend.commit("2")
      gate.open()
      let runs = try await lab.invocations(2)
      #expect(Set(runs.map { "\($0.eventSequence ?? 0) \($0.version) \($0.status)" }) == ["1 1 succeeded", "2 2 succeeded"])
      #expect(Set(lab.backend.state.messages) == ["old", "new"])
    }
  }

  @Test("After a start, what was not recorded runs again, and what was parked goes on")
  func restart() async throws {
    let clock = ManualClock()
    let backend = MemoryBackend(clock: clock)
    let definition = try FunctionsLab.definition("export default () => {};", attempts: 3)
    _ = try await backend.deploy(definition, at: clock.now())
    backend.commit("a")
    backend.commit("b")
    backend.commit("a", action: .updated)
    let first = backend.state.events[0]
    backend.change { state in
      state.cursors["f"] = 1
      state.parked["f"] = [1: ParkedDelivery(event: first, attempts: 2, due: clock.now())]
    }
    let service = FunctionsService(
      project: "default", functions: backend, log: backend, secrets: .inMemory(), api: RecordingAPI(), outbound: FakeOutbound(),
      configuration: try FunctionsLab.machine(), clock: clock,
      steady: MachineSteadyClock(),
      notice: { _ in })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await service.run() }
      #expect(await backend.reaches { $0.invocations.count == 3 && $0.cursors["f"] == 3 && $0.parked["f"]?.isEmpty == true })
      service.drain()
      try await group.waitForAll()
    }
    let attempts = Dictionary(uniqueKeysWithValues: backend.state.invocations.map { ($0.eventSequence ?? 0, $0.attempt) })
    #expect(attempts == [1: 3, 2: 1, 3: 1])
  }

  @Test("When it drains, it waits for what runs and starts nothing new")
  func drain() async throws {
    let gate = Gate()
    let api = RecordingAPI { _ in
      await gate.pass()
      return RecordingAPI.json(200, "{}")
    }
    let lab = FunctionsLab(try FunctionsLab.machine(), api: api, steady: MachineSteadyClock())
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await lab.service.run() }
      try await lab.deploy("export default async (event, { api }) => { await api('GET', '/v1/x'); };", concurrency: 1)
      lab.backend.commit("1")
      lab.backend.commit("2")
      await gate.reached()
      lab.service.drain()
      gate.open()
      try await group.waitForAll()
    }
    #expect(lab.backend.state.statuses == [.succeeded] && lab.backend.state.cursors["f"] == 1)
    #expect(lab.service.workers == 0)
    await #expect(throws: RoostError.self) { try await lab.service.check(FunctionsLab.definition("export default () => {};")) }
  }

  @Test("When it is stopped at once, what runs is not counted: it runs again after the next start")
  func stop() async throws {
    let gate = Gate()
    let api = RecordingAPI { _ in
      gate.arrive()
      return RecordingAPI.json(200, "{}")
    }
    let lab = FunctionsLab(try FunctionsLab.machine(), api: api, steady: MachineSteadyClock())
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await lab.service.run() }
      try await lab.deploy("export default async (event, { api }) => { await api('GET', '/v1/x'); while (true) {} };", attempts: 1)
      lab.backend.commit("1")
      await gate.reached()
      group.cancelAll()
      try await group.waitForAll()
    }
    #expect(lab.backend.state.invocations.isEmpty && lab.backend.state.deadLetters.isEmpty && lab.backend.state.cursors["f"] == 0)
    #expect(lab.service.workers == 0)
  }

  @Test("What the store refuses once is recorded later, and nothing is lost")
  func storeRefuses() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default () => {};")
      lab.backend.change { $0.recordFailures = 1 }
      for n in 0..<5 { lab.backend.commit("\(n)") }
      try #require(await lab.backend.reaches { $0.cursors["f"] == 5 })
      #expect(Set(lab.backend.state.invocations.map(\.eventSequence)) == [1, 2, 3, 4, 5])
      #expect(lab.notices.all.contains { $0.contains("could not be recorded") })
    }
  }

  @Test("A cursor that only events for others have moved is saved after a while")
  func lazyCursor() async throws {
    let steady = ManualSteadyClock()
    try await FunctionsLab.run(steady: steady) { lab in
      try await lab.deploy("export default () => {};")
      for n in 0..<300 { lab.backend.commit("\(n)", collection: "others") }
      var saved = false
      for _ in 0..<200 where !saved {
        steady.advance(by: .seconds(1))
        lab.service.wake()
        saved = await lab.backend.reaches(.milliseconds(50)) { $0.cursors["f"] == 300 }
      }
      #expect(saved)
      #expect(lab.backend.state.records < 20 && lab.backend.state.invocations.isEmpty)
    }
  }

  @Test("What is committed while the log is being read does not wait for the next commit")
  func commitsDuringAReading() async throws {
    // Nothing is looked at because time has passed.
    try await FunctionsLab.run(steady: ManualSteadyClock()) { lab in
      try await lab.deploy("export default (event, { api }) => api('GET', '/v1/' + event.subject);")
      lab.backend.commit("1")
      try #require(await lab.backend.reaches { $0.invocations.count == 1 })
      let gate = Gate()
      lab.backend.holdReadings(by: gate)
      lab.backend.commit("2")
      await gate.reached()
      lab.backend.commit("3")
      // The engine has taken note of it.
      _ = try await lab.service.measure()
      gate.open()
      // Records would wait for the clock; calls do not.
      let patience = ContinuousClock.now + .seconds(10)
      while lab.api.calls.count < 3, ContinuousClock.now < patience { await Task.yield() }
      #expect(lab.api.calls.map(\.target) == ["/v1/posts/1", "/v1/posts/2", "/v1/posts/3"])
    }
  }

  @Test("Once an hour old events are pruned, up to what every function has passed and nothing that is parked")
  func pruning() async throws {
    let steady = ManualSteadyClock()
    try await FunctionsLab.run(steady: steady) { lab in
      try await lab.deploy("export default (event) => { if (event.subject === 'posts/bad') throw new Error('x'); };", attempts: 5, backoff: "1h")
      lab.backend.commit("a")
      lab.backend.commit("bad")
      lab.backend.commit("b")
      try #require(await lab.reaches(moving: steady) { $0.cursors["f"] == 3 && $0.parked["f"]?.count == 1 })
      steady.advance(by: .seconds(3600))
      lab.service.wake()
      #expect(await lab.backend.reaches { !$0.prunings.isEmpty })
      let week = Timestamp(milliseconds: lab.clock.now().milliseconds - Limits.eventRetention.milliseconds)
      #expect(lab.backend.state.prunings == [MemoryBackend.Pruning(through: 1, before: week)])
      // A spare that was just coming up is overdue by that clock: it is told to end, and after the grace made to.
      steady.advance(by: .seconds(1))
      lab.service.wake()
    }
  }

  /// Moves the wall clock until the condition holds, as retries come due.
  private func advancing(_ lab: FunctionsLab, by step: Duration = .seconds(10), until condition: @escaping @Sendable (MemoryBackend.State) -> Bool) async throws
    -> Bool
  {
    for _ in 0..<200 {
      lab.clock.advance(by: step)
      lab.service.wake()
      if await lab.backend.reaches(.milliseconds(100), condition) { return true }
    }
    return false
  }
}

/// Holds what comes to it until it is opened, and tells when something has come.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var hasArrived = false
    var held: [CheckedContinuation<Void, Never>] = []
    var watchers: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func arrive() {
    let watchers = state.withLock { state in
      state.hasArrived = true
      defer { state.watchers = [] }
      return state.watchers
    }
    for watcher in watchers { watcher.resume() }
  }

  func pass() async {
    arrive()
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.held.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  func reached() async {
    await withCheckedContinuation { continuation in
      let hasArrived = state.withLock { state in
        if !state.hasArrived { state.watchers.append(continuation) }
        return state.hasArrived
      }
      if hasArrived { continuation.resume() }
    }
  }

  func open() {
    let held = state.withLock { state in
      state.isOpen = true
      defer { state.held = [] }
      return state.held
    }
    for one in held { one.resume() }
  }
}
