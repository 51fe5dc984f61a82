import Core
import TestKit
import Testing

@testable import Functions

@Suite struct DayBudgetTests {
  @Test("What was handed back is not used up")
  func handedBack() {
    let now = Timestamp(milliseconds: 1_000_000)
    var budget = DayBudget(limits: UsageLimits(invocationsPerDay: 2, gigabyteSecondsPerDay: nil), used: UsageSum(), at: now)
    for _ in 0..<2 { budget.started(at: now) }
    #expect(budget.exhausted(at: now) != nil)
    budget.handedBack(at: now)
    #expect(budget.exhausted(at: now) == nil)
    budget.started(at: now)
    #expect(budget.exhausted(at: now) != nil)
  }

  private static let noon = Timestamp(milliseconds: 1_700_000_000_000 / 86_400_000 * 86_400_000 + 43_200_000)

  private func ran(_ seconds: Int64, at started: Timestamp, megabytes: Int64 = 1024) -> Invocation {
    Invocation(
      id: "i", function: "f", version: 1, eventSequence: nil, eventType: "t", eventSubject: "s", attempt: 1, status: .succeeded, error: nil, started: started,
      duration: .seconds(seconds), isCold: false, cpu: nil, memoryBytesPeak: nil, queued: nil, memoryBytesMax: megabytes << 20)
  }

  @Test func `So many invocations start in a day as may, and the next day as many again`() {
    var budget = DayBudget(limits: UsageLimits(invocationsPerDay: 3), used: UsageSum(), at: Self.noon)
    for _ in 0..<3 {
      let exhausted = budget.exhausted(at: Self.noon)
      #expect(exhausted == nil)
      budget.started(at: Self.noon)
    }
    let exhausted = budget.exhausted(at: Self.noon)
    #expect(exhausted == "the 3 invocations")
    #expect(budget.renewed == Self.noon + .seconds(43_200))
    let before = budget.exhausted(at: budget.renewed + .milliseconds(-1))
    let after = budget.exhausted(at: budget.renewed)
    #expect(before != nil && after == nil)
    // A clock that is set back gives nothing twice, and takes nothing away.
    budget.started(at: Self.noon)
    budget.started(at: Self.noon)
    budget.started(at: Self.noon)
    let back = budget.exhausted(at: Self.noon)
    #expect(back != nil)
  }

  @Test func `A clock that was wrong by days and is put right holds nothing up`() {
    var budget = DayBudget(limits: UsageLimits(invocationsPerDay: 3), used: UsageSum(), at: Self.noon)
    budget.started(at: Self.noon + .seconds(1000 * 86_400))
    for _ in 0..<2 { budget.started(at: Self.noon) }
    let exhausted = budget.exhausted(at: Self.noon)
    #expect(exhausted != nil)
    #expect(budget.renewed == Self.noon + .seconds(43_200))
    let tomorrow = budget.exhausted(at: budget.renewed)
    #expect(tomorrow == nil)
  }

  @Test func `GB-seconds are the memory limit times the duration`() {
    #expect(ran(2, at: Self.noon, megabytes: 512).gigabyteSeconds == 1)
    #expect(ran(1, at: Self.noon, megabytes: 128).gigabyteSeconds == 0.125)
    var budget = DayBudget(limits: UsageLimits(gigabyteSecondsPerDay: 10), used: UsageSum(), at: Self.noon)
    budget.ended(ran(9, at: Self.noon), at: Self.noon)
    let some = budget.exhausted(at: Self.noon)
    budget.ended(ran(1, at: Self.noon), at: Self.noon)
    let none = budget.exhausted(at: Self.noon)
    #expect(some == nil && none == "the 10 GB-seconds")
    // What began yesterday is yesterday's, also where it ends today.
    let tomorrow = budget.renewed + .seconds(1)
    budget.ended(ran(20, at: Self.noon), at: tomorrow)
    let next = budget.exhausted(at: tomorrow)
    #expect(next == nil)
  }

  @Test func `What today's records say is used`() {
    var used = UsageSum()
    used.succeeded = 4
    used.failed = 1
    var budget = DayBudget(limits: UsageLimits(invocationsPerDay: 5), used: used, at: Self.noon)
    let exhausted = budget.exhausted(at: Self.noon)
    #expect(exhausted != nil)
  }

  @Test func `Days are written as they are read`() {
    #expect(UsageDay(text: "2026-11-21")?.text == "2026-11-21")
    #expect(UsageDay(text: "1970-01-01")?.number == 0)
    for text in ["2026-11-31", "2026-1-01", "2026-11-21T00:00:00Z", "", "today", "1969-12-31", "２026-11-21", "2026-11-2１"] {
      #expect(UsageDay(text: text) == nil, "\(text)")
    }
    #expect(UsageDay(Timestamp(milliseconds: -1)).number == -1)
  }
}

/// With real workers, and clocks moved by hand.
@Suite(.serialized) struct UsageLimitTests {
  private static func configuration(_ limits: UsageLimits) throws -> FunctionsConfiguration {
    var configuration = try FunctionsLab.machine()
    configuration.usageLimits = limits
    return configuration
  }

  @Test func `Past the limit calls are refused until midnight, and events wait for it`() async throws {
    let configuration = try Self.configuration(UsageLimits(invocationsPerDay: 3))
    try await FunctionsLab.run(configuration: configuration) { lab in
      try await lab.deploy("export default (event) => event.n ?? null")
      let call = DirectInvocation(function: "f", event: Array("{}".utf8), eventType: "test", eventSubject: "one")
      _ = try await lab.service.invoke(call)
      lab.backend.commit("1")
      lab.backend.commit("2")
      _ = try await lab.invocations(3)
      for number in 3..<8 { lab.backend.commit("\(number)") }
      do {
        _ = try await lab.service.invoke(call)
        Issue.record("The call was not refused.")
      } catch let error as RoostError {
        #expect(error.code == .tooManyRequests && error.message.contains("the 3 invocations"), "\(error)")
        let day = UsageDay(lab.clock.now())
        #expect(error.retryAfter == day.end - lab.clock.now())
      }
      #expect(lab.backend.state.invocations.count == 3 && lab.backend.state.deadLetters.isEmpty)
      // Three a day: two more midnights until all have run.
      lab.clock.advance(by: UsageDay(lab.clock.now()).end - lab.clock.now())
      lab.service.wake()
      _ = try await lab.invocations(6)
      #expect(lab.backend.state.deadLetters.isEmpty)
      lab.clock.advance(by: .seconds(86_400))
      lab.service.wake()
      let all = try await lab.invocations(8)
      #expect(all.count == 8 && all.allSatisfy { $0.status == .succeeded })
      #expect(all.allSatisfy { $0.memoryBytesMax == 128 << 20 && $0.queued != nil })
    }
  }
}
