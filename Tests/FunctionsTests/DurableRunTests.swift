import Core
import JSON
import TestKit
import Testing

@testable import Functions

@Suite("A durable run")
struct DurableRunTests {
  private let now = Timestamp(milliseconds: 1_000_000)
  private let never: (Int) -> Duration? = { _ in nil }

  private func begun() -> DurableRun {
    var run = DurableRun(id: 7, event: Array("{}".utf8), depth: 0, version: 1, driver: 7, created: now, updated: now)
    _ = run.begin(by: 7, at: now)
    return run
  }

  private func key(_ name: String = "a", _ occurrence: Int = 0) -> StepKey { StepKey(name: name, occurrence: occurrence) }

  @Test("Only the delivery that it is due to may execute it")
  func driver() {
    var run = begun()
    var heard = [run.begin(by: 7, at: now), run.begin(by: 8, at: now)]
    #expect(heard == [true, false] && run.executions == 2)
    run.suspend(by: 7, nextDue: now + .seconds(1), waits: false, at: now)
    #expect(run.status == .sleeping && run.wake == now + .seconds(1))
    heard = [run.begin(by: 7, at: now), run.wakeUp(driver: 9, at: now), run.wakeUp(driver: 9, at: now + .seconds(1))]
    #expect(heard == [false, false, true] && run.wake == nil)
    heard = [run.begin(by: 7, at: now), run.begin(by: 9, at: now)]
    #expect(heard == [false, true])
    run.complete(by: 7, result: nil, at: now)
    #expect(run.status == .running)
    run.complete(by: 9, result: [1], at: now)
    #expect(run.status == .completed && run.result == [1] && run.ended == now)
    heard = [run.begin(by: 9, at: now)]
    #expect(heard == [false])
  }

  @Test("A failed run goes on when its delivery is tried again, a cancelled one does not")
  func ends() {
    var failed = begun()
    failed.fail(by: 8, error: "x", at: now)
    #expect(failed.status == .running)
    failed.fail(by: 7, error: "x", at: now)
    #expect(failed.status == .failed && failed.ended == now)
    let again = failed.begin(by: 7, at: now)
    #expect(again && failed.status == .running && failed.error == nil && failed.ended == nil)
    var cancelled = begun()
    let first = cancelled.cancel(at: now)
    let second = cancelled.cancel(at: now)
    let begins = cancelled.begin(by: 7, at: now)
    #expect(first && !second && !begins)
    cancelled.suspend(by: 7, nextDue: now, waits: false, at: now)
    cancelled.complete(by: 7, result: nil, at: now)
    #expect(cancelled.status == .cancelled && cancelled.wake == nil)
  }

  @Test("What came true while it ran wakes it as soon as it is suspended")
  func stale() {
    var run = begun()
    run.cameTrue(at: now)
    run.suspend(by: 7, nextDue: now + .seconds(100), waits: true, at: now)
    #expect(run.status == .waiting && run.wake == now && !run.isStale)
    var other = begun()
    other.suspend(by: 7, nextDue: now + .seconds(100), waits: true, at: now)
    other.cameTrue(at: now + .seconds(1))
    #expect(other.wake == now + .seconds(1))
  }

  @Test("A suspension that nothing would end is a failure")
  func hopeless() {
    var run = begun()
    run.suspend(by: 7, nextDue: nil, waits: false, at: now)
    #expect(run.status == .failed && run.error != nil)
  }

  @Test("A finished step stays as it is, whatever is said later")
  func finished() throws {
    var run = begun()
    let first = try #require(try run.take(.completed(key(), result: Array("1".utf8)), known: nil, lastSequence: 9, at: now, retryAfter: never))
    #expect(first.status == .completed && first.attempts == 1 && first.ended == now && run.steps == 1)
    let bytes = run.bytes
    for later in [StepCommand.completed(key(), result: Array("2".utf8)), .failed(key(), error: Array("{}".utf8), isFinal: true)] {
      let step = try run.take(later, known: first, lastSequence: 9, at: now + .seconds(1), retryAfter: never)
      #expect(step?.result == first.result && step?.status == .completed && step?.ended == now)
    }
    #expect(run.steps == 1 && run.bytes == bytes)
  }

  @Test("A failed step is tried again as long as the policy says, and then failed")
  func retries() throws {
    var run = begun()
    let error = Array(#"{"name":"E","message":"m"}"#.utf8)
    let retry: (Int) -> Duration? = { $0 < 2 ? .seconds(5) : nil }
    var step = try #require(try run.take(.failed(key(), error: error, isFinal: false), known: nil, lastSequence: 0, at: now, retryAfter: retry))
    #expect(step.status == .retrying && step.due == now + .seconds(5) && step.attempts == 1)
    step.wake(at: now + .seconds(5))
    #expect(step.status == .retrying && step.due == nil)
    step = try #require(try run.take(.failed(key(), error: error, isFinal: false), known: step, lastSequence: 0, at: now, retryAfter: retry))
    #expect(step.status == .failed && step.attempts == 2 && step.due == nil && run.steps == 1)
    let final = try run.take(.failed(key("b"), error: error, isFinal: true), known: nil, lastSequence: 0, at: now, retryAfter: retry)
    #expect(final?.status == .failed)
  }

  @Test("Waits know the end of the log when they began, and answer nothing at their time")
  func waits() throws {
    var run = begun()
    let wait = try EventWait(["event": "paid"])
    var step = try #require(try run.take(.waiting(key(), wait, until: now + .seconds(9)), known: nil, lastSequence: 41, at: now, retryAfter: never))
    #expect(step.status == .waiting && step.wait?.after == 41 && step.due == now + .seconds(9))
    var timedOut = step
    timedOut.wake(at: now + .seconds(8))
    #expect(timedOut.status == .waiting)
    timedOut.wake(at: now + .seconds(9))
    #expect(timedOut.status == .completed && timedOut.result == Array("null".utf8))
    let first = step.comeTrue([1], at: now)
    let second = step.comeTrue([2], at: now)
    #expect(first && !second && step.result == [1] && step.due == nil)
    step.wake(at: now + .seconds(9))
    #expect(step.result == [1])
  }

  @Test("A step that became one of another kind is a conflict")
  func kinds() throws {
    var run = begun()
    let sleep = try run.take(.sleeping(key(), until: now), known: nil, lastSequence: 0, at: now, retryAfter: never)
    #expect(throws: RoostError.self) { try run.take(.completed(key(), result: nil), known: sleep, lastSequence: 0, at: now, retryAfter: never) }
    // Told twice: it goes on sleeping until the first time.
    let again = try run.take(.sleeping(key(), until: now + .seconds(100)), known: sleep, lastSequence: 0, at: now, retryAfter: never)
    #expect(again?.due == now)
  }

  @Test("Steps and their bytes are bounded")
  func bounds() throws {
    var run = begun()
    for n in 0..<Limits.stepsPerRunMax { _ = try run.take(.completed(key("s", n), result: nil), known: nil, lastSequence: 0, at: now, retryAfter: never) }
    #expect(throws: RoostError.self) { try run.take(.completed(key("t"), result: nil), known: nil, lastSequence: 0, at: now, retryAfter: never) }
    var heavy = begun()
    let large = [UInt8](repeating: 48, count: Limits.stepResultBytesMax)
    var taken = 0
    while taken < 100, (try? heavy.take(.completed(key("s", taken), result: large), known: nil, lastSequence: 0, at: now, retryAfter: never)) != nil {
      taken += 1
    }
    #expect(taken == Limits.stepBytesPerRunMax / Limits.stepResultBytesMax - 1)
  }

  @Test(
    "Durations",
    arguments: [
      ("2 days", 172_800_000), ("10s", 10_000), ("1h 30m", 5_400_000), ("250ms", 250), ("1 week, 2 hours and 1 sec", 612_001_000), ("1.5h", 5_400_000),
      ("0s", 0), ("1 Day", 86_400_000), ("  5 min ", 300_000),
    ])
  func durations(_ text: String, _ milliseconds: Int) throws {
    #expect(try WaitingTime.duration(.string(text), of: "It") == .milliseconds(milliseconds))
  }

  @Test(
    "What is no duration is refused",
    arguments: [
      "", " ", "soon", "10", "s", "-1s", "1 fortnight", "1e3s", "1..2s", "2 days ago", "NaNs", "infs", "9999999 days", "1h and", "367 days", "²s",
    ] as [JSONValue] + [-1, .double(.infinity), .double(1e300), .null, true, [], [:]])
  func noDurations(_ value: JSONValue) {
    #expect(throws: RoostError.self) { try WaitingTime.duration(value, of: "It") }
  }

  @Test("Moments are RFC 3339 or milliseconds, never in the past")
  func moments() throws {
    #expect(try WaitingTime.moment("1970-01-01T00:20:00Z", of: "It", at: now).milliseconds == 1_200_000)
    #expect(try WaitingTime.moment("1970-01-01T01:20:00.5+01:00", of: "It", at: now).milliseconds == 1_200_500)
    #expect(try WaitingTime.moment(.int(2_000_000), of: "It", at: now).milliseconds == 2_000_000)
    #expect(try WaitingTime.moment(.int(-5), of: "It", at: now) == now)
    for bad in ["tomorrow", "2026-13-01T00:00:00Z", "", .null, true, .double(.nan), .int(.max)] as [JSONValue] {
      #expect(throws: RoostError.self) { try WaitingTime.moment(bad, of: "It", at: now) }
    }
  }

  @Test("An event fits a wait by its name, its place, its collection, its members and its condition")
  func fits() throws {
    let change = event(10, "d", collection: "orders", after: #"{"id":"d","total":5,"who":{"name":"ada","age":3}}"#)
    func fits(_ wait: JSONValue, after: Int64 = 9) throws -> Bool {
      var wait = try EventWait(wait)
      wait.after = after
      return wait.matches(change)
    }
    #expect(try fits(["event": "document.created"]))
    #expect(try fits(["event": "roost.document.created", "collection": "orders", "match": ["total": 5, "who": ["name": "ada"]], "where": "total < 6"]))
    #expect(try !fits(["event": "document.created"], after: 10))
    #expect(try !fits(["event": "document.updated"]))
    #expect(try !fits(["event": "document.created", "collection": "posts"]))
    #expect(try !fits(["event": "document.created", "match": ["total": "5"]]))
    #expect(try !fits(["event": "document.created", "match": ["who": ["name": "bob"]]]))
    #expect(try !fits(["event": "document.created", "match": ["missing": .null]]))
    #expect(try !fits(["event": "document.created", "where": "total > 6"]))
    #expect(try !fits(["event": "document.created", "where": "missing > 6"]))
    for bad in [[:], ["event": ""], ["event": 1], ["event": "a", "when": "x"], ["event": "a", "where": "("], ["event": "a", "match": 1]] as [JSONValue] {
      #expect(throws: RoostError.self) { try EventWait(bad) }
    }
  }
}
