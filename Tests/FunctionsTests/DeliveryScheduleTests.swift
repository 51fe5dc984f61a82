import Core
import TestKit
import Testing

@testable import Functions

/// Random schedules against a model of the durable store: workers that succeed, fail or are slow, records that are lost, crashes between any two
/// steps. Whatever happens, no event is lost, none overtakes an earlier one of its document, and attempts are bounded.
@Suite("The delivery machine under random schedules")
struct DeliveryScheduleTests {
  @Test("keeps its promises", arguments: 0..<300)
  func schedule(_ number: Int) {
    var world = World(seed: 0x5eed_0000 + UInt64(number))
    world.run()
  }
}

private struct World {
  let seed: UInt64
  var chance: SeededRandom
  let concurrency: Int
  let attemptsMax: Int
  let bounds: DeliveryMachine.Bounds
  let log: [LogEvent]
  var now = Timestamp(milliseconds: 5_000_000)

  // What survives a crash.
  var cursor: Int64 = 0
  var parked: [Int64: ParkedDelivery] = [:]
  var dead: Set<Int64> = []

  // What a crash loses.
  var machine: DeliveryMachine
  /// What each worker has been given: the one that it is at, and those behind it.
  var workers: [[Delivery]] = []

  // What is judged.
  var done: Set<Int64> = []
  var lastDone: [String: Int64] = [:]
  var durableAttempts: [Int64: Int] = [:]

  init(seed: UInt64) {
    self.seed = seed
    chance = SeededRandom(seed: seed)
    concurrency = Int.random(in: 1...6, using: &chance)
    attemptsMax = Int.random(in: 1...4, using: &chance)
    var bounds = DeliveryMachine.Bounds()
    bounds.window = Int.random(in: 1...20, using: &chance)
    bounds.parked = bounds.window + Int.random(in: 0...40, using: &chance)
    self.bounds = bounds
    let subjects = Int.random(in: 1...12, using: &chance)
    var log: [LogEvent] = []
    for sequence in 1...Int64(Int.random(in: 20...200, using: &chance)) {
      log.append(event(sequence, "d\(Int.random(in: 0..<subjects, using: &chance))", collection: Bool.random(using: &chance) ? "posts" : "others"))
    }
    self.log = log
    machine = Self.machine(cursor: 0, parked: [], concurrency: concurrency, attemptsMax: attemptsMax, bounds: bounds, seed: seed)
  }

  static func machine(cursor: Int64, parked: [ParkedDelivery], concurrency: Int, attemptsMax: Int, bounds: DeliveryMachine.Bounds, seed: UInt64)
    -> DeliveryMachine
  {
    DeliveryMachine(
      DeliveryState(cursor: cursor, parked: parked), policy: DeliveryPolicy(concurrency: concurrency, attemptsMax: attemptsMax, backoff: .milliseconds(50)),
      bounds: bounds, chance: SeededRandom(seed: seed))
  }

  mutating func run() {
    var steps = 0
    var crashes = 0
    while true {
      steps += 1
      guard steps < 50_000 else {
        Issue.record("seed \(seed): does not come to an end: cursor \(cursor), \(parked.count) parked, \(workers.count) at work")
        return
      }
      switch Int.random(in: 0..<100, using: &chance) {
      case 0..<25: read()
      case 25..<50: start()
      case 50..<75: end()
      case 75..<88: commit(loses: Int.random(in: 0..<5, using: &chance) == 0)
      case 88..<97: now = now + .milliseconds(Int.random(in: 0...100, using: &chance))
      case 97: _ = machine.makeRoom(for: 1, at: now)
      default:
        guard crashes < 8 else { continue }
        crashes += 1
        crash()
      }
      #expect(workers.count == machine.running && workers.count <= concurrency, "seed \(seed)")
      #expect(workers.reduce(0) { $0 + $1.count - 1 } == machine.ahead, "seed \(seed)")
      #expect(machine.openCount <= bounds.window && machine.parkedCount <= bounds.parked, "seed \(seed)")
      if cursor == log.count, parked.isEmpty, workers.isEmpty, !machine.hasNews { break }
    }
    for (path, last) in lastDone {
      let newest = log.last { $0.path == path && !dead.contains($0.sequence) }
      #expect((newest?.sequence ?? 0) <= last, "seed \(seed): \(path) ends with \(last)")
    }
    for one in log where one.container == "posts" {
      #expect(done.contains(one.sequence) || dead.contains(one.sequence), "seed \(seed): event \(one.sequence) was lost")
    }
  }

  private mutating func read() {
    let most = machine.capacity
    guard most > 0, machine.readThrough < log.count else { return }
    let from = Int(machine.readThrough)
    let page = log[from..<min(from + most, log.count)]
    machine.take(page.filter { $0.container == "posts" }, through: Int64(page.endIndex), at: now)
  }

  private mutating func start() {
    guard let delivery = machine.start(at: now) else { return }
    check(delivery)
    workers.append([delivery])
    guard Bool.random(using: &chance) else { return }
    for next in machine.startAhead(of: Int.random(in: 1...5, using: &chance), bytes: 1 << 20, at: now, where: { _ in true }) {
      #expect(next.attempt == 1, "seed \(seed): a delivery that failed goes alone")
      check(next)
      workers[workers.count - 1].append(next)
    }
  }

  private func check(_ delivery: Delivery) {
    let sequence = delivery.event.sequence
    #expect(!workers.joined().contains { $0.event.path == delivery.event.path }, "seed \(seed): two of one document at once")
    // Whatever is earlier in its document must be done or dead; after a crash it may come again, but from there on in order.
    for earlier in log where earlier.path == delivery.event.path && earlier.sequence < sequence && earlier.container == "posts" {
      #expect(
        done.contains(earlier.sequence) || dead.contains(earlier.sequence) || burying.contains(earlier.sequence),
        "seed \(seed): \(sequence) overtakes \(earlier.sequence)")
    }
    #expect(delivery.attempt <= attemptsMax, "seed \(seed)")
  }

  /// Given up, but not yet durably.
  private var burying: Set<Int64> = []

  private mutating func end() {
    guard let index = workers.indices.randomElement(using: &chance) else { return }
    let delivery = workers[index].removeFirst()
    let sequence = delivery.event.sequence
    defer {
      // It takes up the next, or has ended.
      if let next = workers[index].first, Int.random(in: 0..<5, using: &chance) > 0 {
        machine.promoted(next.event.sequence)
      } else {
        for left in workers.remove(at: index) { machine.handedBack(left.event.sequence) }
      }
    }
    switch Int.random(in: 0..<10, using: &chance) {
    case 0..<6:
      done.insert(sequence)
      lastDone[delivery.event.path] = sequence
      machine.succeeded(sequence, at: now)
    case 6..<9:
      if delivery.attempt == attemptsMax { burying.insert(sequence) }
      machine.failed(sequence, error: "no", invocation: nil, at: now)
    default: machine.handedBack(sequence)
    }
  }

  /// One at a time; some are lost, and then go with the next.
  private mutating func commit(loses: Bool) {
    guard machine.hasNews || machine.hasMoved else { return }
    let changes = machine.takeChanges()
    guard !loses else { return machine.restore(changes) }
    for one in changes.park {
      let before = durableAttempts[one.event.sequence, default: 0]
      #expect(one.attempts >= before && one.attempts < attemptsMax, "seed \(seed): attempts go back")
      durableAttempts[one.event.sequence] = one.attempts
      parked[one.event.sequence] = one
    }
    for sequence in changes.unpark { parked[sequence] = nil }
    for letter in changes.deadLetters { #expect(dead.insert(letter.event.sequence).inserted, "seed \(seed): \(letter.event.sequence) died twice") }
    if let moved = changes.cursor {
      #expect(moved >= cursor, "seed \(seed): the cursor goes back")
      cursor = moved
    }
    // At least once, at every moment: what is behind the durable cursor is done, dead or parked.
    for one in log where one.container == "posts" && one.sequence <= cursor {
      #expect(
        done.contains(one.sequence) || dead.contains(one.sequence) || parked[one.sequence] != nil, "seed \(seed): \(one.sequence) would be lost by a crash")
    }
  }

  private mutating func crash() {
    workers = []
    burying = []
    machine = Self.machine(
      cursor: cursor, parked: Array(parked.values).shuffled(using: &chance), concurrency: concurrency, attemptsMax: attemptsMax, bounds: bounds, seed: seed &+ 1
    )
  }
}
