import Core
import TestKit
import Testing

@testable import Storage

@Suite("What functions used")
struct UsageTests {
  private func invocation(_ number: Int, of function: String, at started: Timestamp, _ status: Invocation.Status = .succeeded) -> Invocation {
    Invocation(
      id: "i\(number)", function: function, version: 1, eventSequence: nil, eventType: "t", eventSubject: "s", attempt: 1, status: status, error: nil,
      started: started, duration: .milliseconds(1500), isCold: number == 0, cpu: .milliseconds(3), memoryBytesPeak: Int64(number), queued: .milliseconds(7),
      memoryBytesMax: 256 << 20)
  }

  private func query(
    _ group: UsageQuery.Group, _ from: UsageDay, _ to: UsageDay, of function: String? = nil, limit: Int = 100, after: String? = nil
  ) -> UsageQuery {
    UsageQuery(group: group, from: from, to: to, function: function, limit: limit, after: after)
  }

  @Test("Sums are kept in the commit of the records, by function, day and altogether, also for deleted functions")
  func sums() async throws {
    let store = try await TestStorage()
    let functions = store.project.functions
    let start = store.clock.now()
    let (today, tomorrow) = (UsageDay(start), UsageDay(start + .seconds(86_400)))
    for name in ["a", "b"] {
      _ = try await functions.deploy(FunctionDefinition(name: name, value: ["source": "export default () => 1"]), at: start)
    }
    var changes = DeliveryChanges()
    changes.invocations = (0..<4).map { invocation($0, of: "a", at: start, $0 == 3 ? .timeout : .succeeded) }
    try await functions.record(changes, of: "a")
    changes.invocations = [invocation(9, of: "a", at: start + .seconds(86_400))]
    try await functions.record(changes, of: "a")
    changes.invocations = [invocation(5, of: "b", at: start, .failed)]
    try await functions.record(changes, of: "b")
    #expect(try await functions.deleteFunction("b"))

    let byFunction = try await functions.usage(query(.function, today, today))
    #expect(byFunction.map(\.key) == ["a", "b"])
    let sum = byFunction[0].sum
    #expect(sum.invocations == 4 && sum.succeeded == 3 && sum.timeout == 1 && sum.coldStarts == 1)
    #expect(sum.queueMicroseconds == 28_000 && sum.durationMicroseconds == 6_000_000 && sum.cpuMicroseconds == 12_000 && sum.gigabyteSeconds == 1.5)
    #expect(sum.memoryBytesPeak == 3 && byFunction[1].sum.failed == 1)
    let byDay = try await functions.usage(query(.day, today, tomorrow))
    #expect(byDay.map(\.key) == [today.text, tomorrow.text] && byDay.map(\.sum.invocations) == [5, 1])
    #expect(try await functions.usage(query(.day, today, tomorrow, of: "b")).map(\.sum.invocations) == [1])
    let project = try await functions.usage(query(.project, today, tomorrow))
    #expect(project.map(\.sum.invocations) == [6])
    #expect(try await functions.usage(query(.function, today, tomorrow, limit: 1)).map(\.key) == ["a"])
    #expect(try await functions.usage(query(.function, today, tomorrow, limit: 1, after: "a")).map(\.key) == ["b"])
    #expect(try await functions.usage(query(.day, today, tomorrow, after: today.text)).map(\.key) == [tomorrow.text])
    let records = try await functions.invocations(of: "a", limit: 10, before: nil)
    #expect(records.allSatisfy { $0.queued == .milliseconds(7) && $0.memoryBytesMax == 256 << 20 && $0.gigabyteSeconds == 0.375 })
  }

  @Test("Nothing used is no row")
  func nothing() async throws {
    let store = try await TestStorage()
    let today = UsageDay(store.clock.now())
    #expect(try await store.project.functions.usage(query(.function, today, today)).isEmpty)
    #expect(try await store.project.functions.usage(query(.project, today, today)).isEmpty)
  }
}
