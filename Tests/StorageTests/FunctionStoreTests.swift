import Core
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("Functions and the log at rest")
struct FunctionStoreTests {
  private func definition(_ name: String = "f", source: String = "export default () => 1") throws -> FunctionDefinition {
    try FunctionDefinition(
      name: name,
      value: [
        "source": .string(source), "triggers": [["type": "document", "events": ["created", "updated"], "collection": "things", "where": "n > 1"]],
        "timeout": "1500ms",
        "memory": "64MB", "concurrency": 3, "retry": ["attempts": 7, "backoff": "250ms"], "env": ["A": "b"],
      ])
  }

  private func invocation(_ number: Int, at now: Timestamp) -> Invocation {
    let text = String(number)
    return Invocation(
      id: String(repeating: "0", count: 8 - text.count) + text, function: "f", version: 1, eventSequence: Int64(number), eventType: "roost.document.created",
      eventSubject: "things/x", attempt: 1,
      status: .memoryLimit, error: "too much", started: now, duration: .microseconds(1500), isCold: true, cpu: .microseconds(700), memoryBytesPeak: 123)
  }

  @Test("A deploy is a new version, and the definition comes back as it was")
  func deploy() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    let things = try await store.collection()
    try await store.create(["n": 1], in: things)
    let (first, created) = try await functions.deploy(definition(), at: store.clock.now())
    #expect(created && first.version == 1)
    #expect(try await functions.deliveryState(of: "f").cursor == 1)
    store.clock.advance(by: .seconds(1))
    try await store.create(["n": 1], in: things)
    let (second, again) = try await functions.deploy(definition(source: "export default () => 2"), at: store.clock.now())
    #expect(!again && second.version == 2 && second.created == first.created && second.updated > first.updated)
    #expect(try await functions.deliveryState(of: "f").cursor == 1)
    let loaded = try await functions.functions()
    #expect(loaded.count == 1)
    #expect(loaded[0].value == second.value && loaded[0].definition.source == "export default () => 2")
    #expect(loaded[0].definition.timeout == .milliseconds(1500) && loaded[0].definition.triggers.count == 1 && loaded[0].definition.environment == ["A": "b"])
  }

  @Test("What is recorded late of a function that was deleted is none of the next one of its name")
  func lateRecord() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    let things = try await store.collection()
    let (first, _) = try await functions.deploy(definition(), at: store.clock.now())
    try await store.create(["n": 1], id: "x", in: things)
    #expect(try await functions.deleteFunction("f"))
    store.clock.advance(by: .seconds(1))
    let (second, _) = try await functions.deploy(definition(), at: store.clock.now())
    let event = try await store.events()[0]
    var changes = DeliveryChanges()
    changes.cursor = 0
    changes.park = [ParkedDelivery(event: event, attempts: 1, due: store.clock.now())]
    changes.invocations = [invocation(1, at: store.clock.now())]
    changes.created = first.created
    try await functions.record(changes, of: "f")
    let state = try await functions.deliveryState(of: "f")
    #expect(state.cursor == 1 && state.parked.isEmpty)
    #expect(try await functions.invocations(of: "f", limit: 10, before: nil).isEmpty)
    changes.created = second.created
    try await functions.record(changes, of: "f")
    #expect(try await functions.deliveryState(of: "f").parked.count == 1)
  }

  @Test("What one commit records of deliveries is there after it")
  func record() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    let things = try await store.collection()
    _ = try await functions.deploy(definition(), at: store.clock.now())
    for number in 0..<3 { try await store.create(["n": .int(Int64(number))], id: "x\(number)", in: things) }
    let events = try await store.events()
    let now = store.clock.now()
    var changes = DeliveryChanges()
    changes.cursor = 3
    changes.park = [
      ParkedDelivery(event: events[0], attempts: 2, due: now), ParkedDelivery(event: events[1], attempts: 0, due: now + .seconds(1), born: now + .seconds(7)),
    ]
    changes.deadLetters = [DeadLetter(id: "d1", event: events[2], attempts: 5, error: "boom", invocation: "i", created: now)]
    changes.invocations = [invocation(1, at: now)]
    changes.logs = (0..<3).map { InvocationLog(id: "00000001-\($0)", invocation: "00000001", time: now, level: "info", message: "line \($0)") }
    try await functions.record(changes, of: "f")
    let state = try await functions.deliveryState(of: "f")
    #expect(
      state.cursor == 3 && state.parked.map(\.event.sequence) == [1, 2] && state.parked.map(\.attempts) == [2, 0] && state.parked[1].due == now + .seconds(1))
    #expect(state.parked.map(\.born) == [events[0].time, now + .seconds(7)])
    #expect(state.parked[0].event.after == events[0].after && state.parked[0].event.path == events[0].path)
    let letters = try await functions.deadLetters(of: "f", limit: 10, after: nil)
    #expect(letters.map(\.id) == ["d1"] && letters[0].event.sequence == 3 && letters[0].error == "boom")
    #expect(try await functions.deadLetter("d1", of: "f")?.attempts == 5)
    #expect(try await functions.deadLetters(of: "f", limit: 10, after: "d1").isEmpty)
    #expect(try await functions.invocations(of: "f", limit: 10, before: nil).map(\.value) == [invocation(1, at: now).value])
    #expect(try await functions.logs(of: "f", limit: 2, before: nil).map(\.message) == ["line 2", "line 1"])
    #expect(try await functions.logs(of: "f", limit: 2, before: "00000001-1").map(\.message) == ["line 0"])
    // Parked again with another attempt, let go, and replayed.
    var next = DeliveryChanges()
    next.park = [ParkedDelivery(event: events[0], attempts: 3, due: now)]
    next.unpark = [2]
    next.removeDeadLetters = ["d1"]
    try await functions.record(next, of: "f")
    #expect(try await functions.deliveryState(of: "f").parked.map(\.attempts) == [3])
    #expect(try await functions.deadLetter("d1", of: "f") == nil)
    try await functions.record(next, of: "somebody else's")
  }

  @Test("Pruning the log loses no parked delivery, and the newest event stays so that no number is given twice")
  func prune() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    let things = try await store.collection()
    _ = try await functions.deploy(definition(), at: store.clock.now())
    for _ in 0..<5 {
      try await store.create(["n": 5], in: things)
      store.clock.advance(by: .seconds(10))
    }
    var changes = DeliveryChanges()
    changes.park = [ParkedDelivery(event: try await store.events()[0], attempts: 1, due: store.clock.now())]
    try await functions.record(changes, of: "f")
    let log = store.project.log
    #expect(try await log.prune(through: 5, before: store.clock.now() + .seconds(-35)) == 2)
    #expect(try await store.events().map(\.sequence) == [3, 4, 5])
    #expect(try await log.prune(through: 3, before: store.clock.now()) == 1)
    #expect(try await log.prune(through: 100, before: store.clock.now() + .seconds(100)) == 1)
    #expect(try await log.lastSequence() == 5)
    #expect(try await functions.deliveryState(of: "f").parked.map(\.event.sequence) == [1])
    try await store.create(["n": 5], in: things)
    #expect(try await log.lastSequence() == 6)
  }

  @Test("Readers of the log get a bounded bite, in order, and are woken by commits that added events")
  func log() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let wakes = WorkQueue<Bool>(itemsMax: 1000)
    store.project.log.onCommit { _ = wakes.push(true) }
    try await store.create(["n": 1], in: things)
    _ = wakes.take(most: 1)
    let big = String(repeating: "x", count: 900_000)
    for _ in 0..<12 { try await store.create(["t": .string(big)], in: things) }
    #expect(try await store.project.log.events(after: 0, limit: 3).map(\.sequence) == [1, 2, 3])
    let bite = try await store.project.log.events(after: 0, limit: 1000)
    #expect(bite.count > 5 && bite.count < 13)
    #expect(try await store.project.log.events(after: 13, limit: 10).isEmpty)
  }

  @Test("A deleted function takes everything of it along, and a new one of its name begins with nothing")
  func delete() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    let things = try await store.collection()
    _ = try await functions.deploy(definition(), at: store.clock.now())
    try await store.create(["n": 5], in: things)
    let event = try await store.events()[0]
    var changes = DeliveryChanges()
    changes.park = [ParkedDelivery(event: event, attempts: 1, due: store.clock.now())]
    changes.deadLetters = [DeadLetter(id: "d", event: event, attempts: 1, error: "", invocation: nil, created: store.clock.now())]
    changes.invocations = (0..<1200).map { invocation($0, at: store.clock.now()) }
    changes.logs = (0..<700).map { InvocationLog(id: "\($0)", invocation: "00000001", time: store.clock.now(), level: "info", message: "") }
    try await functions.record(changes, of: "f")
    #expect(try await functions.deleteFunction("f"))
    #expect(try await !functions.deleteFunction("f"))
    #expect(await code { _ = try await functions.deliveryState(of: "f") } == .functionNotFound)
    let (again, created) = try await functions.deploy(definition(), at: store.clock.now())
    #expect(created && again.version == 1)
    #expect(try await functions.invocations(of: "f", limit: 10, before: nil).isEmpty)
    #expect(try await functions.logs(of: "f", limit: 10, before: nil).isEmpty)
    let database = try Database.open(path: store.folder.path + "/projects/default/roost.db", role: .scanner)
    for table in ["invocations", "invocation_logs", "dead_letters", "parked_deliveries", "function_remains"] {
      #expect(try database.first("SELECT count(*) FROM \(table)") { $0.int(0) } == 0, "\(table)")
    }
  }

  @Test("Only the newest records of a function are kept, with their lines")
  func keepsNewest() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    _ = try await functions.deploy(definition(), at: store.clock.now())
    let count = Limits.invocationsKeptPerFunction + 500
    for start in stride(from: 0, to: count, by: 50) {
      var changes = DeliveryChanges()
      changes.invocations = (start..<start + 50).map { invocation($0, at: store.clock.now()) }
      changes.logs = (start..<start + 50).map {
        InvocationLog(
          id: "\(invocation($0, at: store.clock.now()).id)-0", invocation: invocation($0, at: store.clock.now()).id, time: store.clock.now(), level: "info",
          message: "")
      }
      try await functions.record(changes, of: "f")
    }
    let database = try Database.open(path: store.folder.path + "/projects/default/roost.db", role: .scanner)
    for table in ["invocations", "invocation_logs"] {
      let kept = try #require(try database.first("SELECT count(*) FROM \(table)") { Int($0.int(0)) })
      #expect(kept >= Limits.invocationsKeptPerFunction && kept < Limits.invocationsKeptPerFunction + 100, "\(table)")
    }
    #expect(try await functions.invocations(of: "f", limit: 1, before: nil)[0].eventSequence == Int64(count - 1))
  }
}
