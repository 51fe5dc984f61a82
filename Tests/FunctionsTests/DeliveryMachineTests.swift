import Core
import TestKit
import Testing

@testable import Functions

@Suite("The delivery machine")
struct DeliveryMachineTests {
  private let now = Timestamp(milliseconds: 1_000_000)

  private func machine(
    concurrency: Int = 4, attempts: Int = 3, parked: [ParkedDelivery] = [], cursor: Int64 = 0, bounds: DeliveryMachine.Bounds = .init()
  ) -> DeliveryMachine {
    DeliveryMachine(
      DeliveryState(cursor: cursor, parked: parked), policy: DeliveryPolicy(concurrency: concurrency, attemptsMax: attempts, backoff: .seconds(1)),
      bounds: bounds,
      chance: SeededRandom(seed: 7))
  }

  @Test("Deliveries of different documents run side by side, up to the concurrency limit")
  func parallelAcrossDocuments() {
    var machine = machine(concurrency: 2)
    machine.take([event(1, "a"), event(2, "b"), event(3, "c")], through: 3, at: now)
    #expect(machine.start(at: now)?.event.sequence == 1)
    #expect(machine.start(at: now)?.event.sequence == 2)
    #expect(machine.start(at: now) == nil)
    machine.succeeded(2, at: now)
    #expect(machine.start(at: now)?.event.sequence == 3)
  }

  @Test("What a worker is given ahead takes no slot, and comes back when it is not taken up")
  func ahead() {
    var machine = machine(concurrency: 1)
    machine.take([event(1, "a"), event(2, "a"), event(3, "b"), event(4, "c"), event(5, "d")], through: 5, at: now)
    #expect(machine.start(at: now)?.event.sequence == 1)
    // Not the second of a document whose first has not ended; not what the worker cannot take; no more than asked for.
    #expect(machine.startAhead(of: 2, bytes: 1 << 20, at: now) { _ in true }.map(\.event.sequence) == [3, 4])
    #expect(machine.running == 1 && machine.ahead == 2)
    #expect(machine.startAhead(of: 2, bytes: 1 << 20, at: now) { _ in false }.isEmpty)
    machine.succeeded(1, at: now)
    machine.promoted(3)
    #expect(machine.running == 1 && machine.ahead == 1 && machine.start(at: now) == nil)
    #expect(machine.takeChanges().cursor == 1)
    machine.failed(3, error: "no", invocation: nil, at: now)
    machine.handedBack(4)
    #expect(machine.running == 0 && machine.ahead == 0)
    #expect([machine.start(at: now)?.event.sequence, machine.startAhead(of: 9, bytes: 1, at: now) { _ in true }.first?.event.sequence] == [2, 4])
  }

  @Test("What is too old gets no second attempt; a replay is as good as new")
  func age() throws {
    var machine = DeliveryMachine(
      DeliveryState(cursor: 0, parked: []), policy: DeliveryPolicy(concurrency: 4, attemptsMax: 100, backoff: .milliseconds(1), ageMax: .seconds(60)),
      chance: SeededRandom(seed: 7))
    let late = now + .seconds(3600)
    // However old it is, it is tried once: the server may have been down.
    machine.take([event(1, "a")], through: 1, at: late)
    #expect(machine.start(at: late)?.attempt == 1)
    machine.failed(1, error: "broken", invocation: nil, at: late)
    let letter = try #require(machine.takeChanges().deadLetters.first)
    #expect(letter.attempts == 1 && letter.error.hasPrefix("broken\n") && letter.error.contains("1m"))
    machine.revived(letter.event, at: late)
    for attempt in 1...3 {
      #expect(machine.start(at: late + .seconds(Int64(attempt)))?.attempt == attempt)
      machine.failed(1, error: "broken", invocation: nil, at: late + .seconds(Int64(attempt)))
    }
    #expect(machine.takeChanges().deadLetters.isEmpty)
    #expect(machine.start(at: late + .seconds(59)) != nil)
    machine.failed(1, error: "broken", invocation: nil, at: late + .seconds(61))
    #expect(machine.takeChanges().deadLetters.count == 1)
  }

  @Test("Its age counts when the next attempt begins, however long that had to wait, and over restarts")
  func ageAtTheStart() throws {
    let policy = DeliveryPolicy(concurrency: 1, attemptsMax: 100, backoff: .milliseconds(1), ageMax: .seconds(60))
    var machine = DeliveryMachine(DeliveryState(cursor: 0, parked: []), policy: policy, chance: SeededRandom(seed: 7))
    machine.take([event(1, "a"), event(2, "b")], through: 2, at: now)
    #expect(machine.start(at: now)?.event.sequence == 1)
    machine.failed(1, error: "broken", invocation: "i", wait: .seconds(1), at: now)
    // The only slot is another's for longer than that.
    #expect(machine.start(at: now)?.event.sequence == 2)
    machine.succeeded(2, at: now + .seconds(61))
    #expect(machine.start(at: now + .seconds(61)) == nil)
    let letter = try #require(machine.takeChanges().deadLetters.first)
    #expect(letter.attempts == 1 && letter.error.hasPrefix("broken\n") && letter.invocation == "i")

    // A server that was down for an hour: one had failed, one had not been tried, one had come back from the dead letters just before.
    let late = now + .seconds(3600)
    let parked = [
      ParkedDelivery(event: event(1, "a"), attempts: 1, due: now), ParkedDelivery(event: event(2, "b"), attempts: 0, due: now),
      ParkedDelivery(event: event(3, "c"), attempts: 1, due: now, born: now + .seconds(3590)),
    ]
    machine = DeliveryMachine(
      DeliveryState(cursor: 3, parked: parked), policy: DeliveryPolicy(concurrency: 9, attemptsMax: 100, backoff: .milliseconds(1), ageMax: .seconds(60)),
      chance: SeededRandom(seed: 7))
    #expect([machine.start(at: late)?.event.sequence, machine.start(at: late)?.event.sequence, machine.start(at: late)?.event.sequence] == [2, 3, nil])
    let changes = machine.takeChanges()
    #expect(changes.deadLetters.map(\.event.sequence) == [1] && changes.deadLetters.map(\.attempts) == [1] && changes.unpark.contains(1))
  }

  @Test("A document's next delivery waits for the one before it")
  func inOrderWithinADocument() {
    var machine = machine()
    machine.take([event(1, "a"), event(2, "a"), event(3, "b")], through: 3, at: now)
    #expect(machine.start(at: now)?.event.sequence == 1)
    #expect(machine.start(at: now)?.event.sequence == 3)
    #expect(machine.start(at: now) == nil)
    machine.succeeded(1, at: now)
    #expect(machine.start(at: now)?.event.sequence == 2)
  }

  @Test("The cursor stays below what is not done")
  func cursorWaits() {
    var machine = machine()
    machine.take([event(2, "a"), event(4, "b"), event(6, "c")], through: 9, at: now)
    for _ in 0..<3 { _ = machine.start(at: now) }
    machine.succeeded(4, at: now)
    machine.succeeded(6, at: now)
    #expect(machine.takeChanges().cursor == 1)
    machine.succeeded(2, at: now)
    #expect(machine.takeChanges().cursor == 9)
    #expect(!machine.hasMoved && !machine.hasNews)
  }

  @Test("Events that the function does not want only move the cursor")
  func unwantedEvents() {
    var machine = machine()
    machine.take([], through: 500, at: now)
    #expect(machine.hasMoved && !machine.hasNews)
    #expect(machine.takeChanges().cursor == 500)
  }

  @Test("A failed delivery is parked with its count, in the record that moves the cursor past it, and holds back its own document only")
  func parking() {
    var machine = machine()
    machine.take([event(1, "a"), event(2, "a"), event(3, "b")], through: 3, at: now)
    _ = machine.start(at: now)
    _ = machine.start(at: now)
    machine.failed(1, error: "no", invocation: "i", at: now)
    machine.succeeded(3, at: now)
    machine.take([event(4, "a")], through: 4, at: now)
    let changes = machine.takeChanges()
    #expect(changes.cursor == 1)
    #expect(changes.park.map(\.event.sequence) == [1] && changes.park.map(\.attempts) == [1])
    let next = machine.start(at: now)
    #expect(next == nil || next?.event.sequence == 1)
  }

  @Test("A retry comes when its time has come, then the rest of the document in order")
  func retry() {
    var machine = machine()
    machine.take([event(1, "a"), event(2, "a")], through: 2, at: now)
    _ = machine.start(at: now)
    machine.failed(1, error: "no", invocation: nil, at: now)
    let due = machine.nextDue
    #expect(due.map { $0 >= now && $0 <= now + .seconds(1) } == true)
    let later = now + .seconds(2)
    let again = machine.start(at: later)
    #expect(again?.event.sequence == 1 && again?.attempt == 2)
    #expect(machine.start(at: later) == nil)
    machine.succeeded(1, at: later)
    #expect(machine.start(at: later)?.event.sequence == 2)
    machine.succeeded(2, at: later)
    let changes = machine.takeChanges()
    #expect(changes.park.isEmpty && changes.unpark == [1] && changes.cursor == 2)
  }

  @Test("After the last attempt it is a dead letter, and the document goes on")
  func deadLetter() {
    var machine = machine(attempts: 2)
    machine.take([event(1, "a"), event(2, "a")], through: 2, at: now)
    for attempt in 1...2 {
      let moment = now + .seconds(attempt * 10)
      #expect(machine.start(at: moment)?.attempt == attempt)
      machine.failed(1, error: "no luck", invocation: "i\(attempt)", at: moment)
    }
    let changes = machine.takeChanges()
    #expect(changes.deadLetters.count == 1)
    #expect(changes.deadLetters.first?.error == "no luck" && changes.deadLetters.first?.attempts == 2 && changes.deadLetters.first?.invocation == "i2")
    #expect(changes.unpark.contains(1))
    #expect(machine.start(at: now + .seconds(60))?.event.sequence == 2)
  }

  @Test("An event at the end of too long a chain is stopped and reported")
  func depth() {
    var machine = machine()
    machine.take([event(1, "a", depth: 16), event(2, "b", depth: 17)], through: 2, at: now)
    #expect(machine.start(at: now)?.event.sequence == 1)
    #expect(machine.start(at: now) == nil)
    let letters = machine.takeChanges().deadLetters
    #expect(letters.map(\.event.sequence) == [2] && letters[0].attempts == 0 && letters[0].error.contains("16"))
  }

  @Test("What was parked before a restart waits its turn and keeps its count")
  func restart() {
    let parked = [
      ParkedDelivery(event: event(5, "a"), attempts: 0, due: now), ParkedDelivery(event: event(3, "a"), attempts: 2, due: now + .seconds(5)),
      ParkedDelivery(event: event(4, "b"), attempts: 1, due: now),
    ]
    var machine = machine(attempts: 3, parked: parked, cursor: 9)
    #expect(machine.start(at: now)?.event.sequence == 4)
    #expect(machine.start(at: now) == nil)
    let third = machine.start(at: now + .seconds(6))
    #expect(third?.event.sequence == 3 && third?.attempt == 3)
    machine.failed(3, error: "no", invocation: nil, at: now)
    #expect(machine.takeChanges().deadLetters.count == 1)
    #expect(machine.start(at: now + .seconds(6))?.event.sequence == 5)
  }

  @Test("The window is bounded, and so is the parked list")
  func bounds() {
    var bounds = DeliveryMachine.Bounds()
    bounds.window = 4
    bounds.parked = 8
    var machine = machine(concurrency: 100, attempts: 100, bounds: bounds)
    var sequence: Int64 = 0
    for _ in 0..<50 {
      while machine.capacity > 0 {
        sequence += 1
        machine.take([event(sequence, "d\(sequence)")], through: sequence, at: now)
      }
      while let delivery = machine.start(at: now) { machine.failed(delivery.event.sequence, error: "no", invocation: nil, at: now) }
      #expect(machine.openCount <= 4 && machine.parkedCount <= 8)
    }
    #expect(machine.capacity == 0)
  }

  @Test("A document whose events fill the window makes room for others while it is slow")
  func hotDocument() {
    var bounds = DeliveryMachine.Bounds()
    bounds.window = 8
    var machine = machine(concurrency: 2, bounds: bounds)
    machine.take((1...8).map { event($0, "hot") }, through: 8, at: now)
    #expect(machine.start(at: now)?.event.sequence == 1)
    #expect(machine.start(at: now) == nil && machine.capacity == 0)
    let madeRoom = machine.makeRoom(for: 4, at: now)
    #expect(madeRoom)
    #expect(machine.capacity == 8)
    machine.take([event(9, "other")], through: 9, at: now)
    #expect(machine.start(at: now)?.event.sequence == 9)
    machine.succeeded(1, at: now)
    #expect(machine.start(at: now)?.event.sequence == 2)
  }

  @Test("A slow delivery goes to the parked list once many have finished beyond it, so that the cursor moves")
  func straggler() {
    var bounds = DeliveryMachine.Bounds()
    bounds.window = 4
    var machine = machine(concurrency: 2, bounds: bounds)
    machine.take([event(1, "slow")], through: 1, at: now)
    #expect(machine.start(at: now)?.event.sequence == 1)
    for sequence in Int64(2)...6 {
      machine.take([event(sequence, "d\(sequence)")], through: sequence, at: now)
      #expect(machine.start(at: now)?.event.sequence == sequence)
      machine.succeeded(sequence, at: now)
    }
    let changes = machine.takeChanges()
    #expect(changes.cursor == 6 && changes.park.map(\.event.sequence) == [1] && changes.park[0].attempts == 0)
    machine.succeeded(1, at: now)
    #expect(machine.takeChanges().unpark == [1])
  }

  @Test("Backoff grows, is capped, and is spread over its whole range")
  func backoff() {
    var chance = SeededRandom(seed: 3)
    let policy = DeliveryPolicy(concurrency: 1, attemptsMax: 100, backoff: .seconds(1))
    for attempts in 1...99 {
      let most: Int64 = min(1000 << Int64(min(attempts - 1, 30)), 15 * 60 * 1000)
      let delays = (0..<200).map { _ in policy.delay(afterAttempts: attempts, using: &chance).milliseconds }
      #expect(delays.allSatisfy { $0 >= 0 && $0 <= most })
      #expect(delays.contains { $0 < most / 3 } && delays.contains { $0 > most / 3 * 2 })
    }
  }

  @Test("What could not be recorded is recorded with the next")
  func restore() {
    var machine = machine()
    machine.take([event(1, "a"), event(2, "b")], through: 2, at: now)
    _ = machine.start(at: now)
    _ = machine.start(at: now)
    machine.failed(1, error: "no", invocation: nil, at: now)
    let lost = machine.takeChanges()
    #expect(lost.cursor == 1 && lost.park.count == 1)
    machine.succeeded(2, at: now)
    machine.restore(lost)
    let changes = machine.takeChanges()
    #expect(changes.cursor == 2 && changes.park.map(\.event.sequence) == [1])
  }
}

func event(_ sequence: Int64, _ subject: String, depth: Int = 0, collection: String = "posts", action: LogEvent.Action = .created, after: String = "{}")
  -> LogEvent
{
  LogEvent(
    sequence: sequence, time: Timestamp(milliseconds: 1_000_000), kind: .document, action: action, container: collection, subject: subject, before: nil,
    after: Array(after.utf8), auth: nil, depth: depth)
}
