import Core
import JSON
import TestKit
import Testing

@testable import Functions

/// Runs that a caller waits for, on real workers.
@Suite(.serialized) struct DirectInvocationTests {
  private static func call(_ function: String = "f", _ event: String = "{}", timeout: Duration? = nil) -> DirectInvocation {
    DirectInvocation(function: function, event: Array(event.utf8), eventType: "test", eventSubject: "one", timeout: timeout)
  }

  @Test func `The caller gets what the handler returned, with its record and its lines`() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default (event, { log }) => { log.info('hello'); return { twice: event.n * 2 }; }")
      let answer = try await lab.service.invoke(Self.call("f", #"{"n":21}"#))
      #expect(answer.value.map { String(decoding: $0, as: UTF8.self) } == #"{"twice":42}"#)
      #expect(answer.invocation.status == .succeeded && answer.invocation.eventSequence == nil && answer.invocation.eventType == "test")
      #expect(answer.logs.map(\.message) == ["hello"])
      _ = try await lab.invocations(1)
      #expect(try await lab.service.invoke(Self.call("f", #"{"n":1}"#)).invocation.isCold == false)
    }
  }

  @Test func `A handler that returns nothing, throws, cannot be sent as JSON or takes too long says so`() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy(
        """
        export default (event) => {
          if (event.kind === "throw") throw new Error("no");
          if (event.kind === "big") return 1n;
          if (event.kind === "slow") return new Promise((done) => setTimeout(done, 60000));
        }
        """)
      #expect(try await lab.service.invoke(Self.call("f", #"{"kind":"none"}"#)).value == nil)
      let thrown = try await lab.service.invoke(Self.call("f", #"{"kind":"throw"}"#))
      #expect(thrown.invocation.status == .failed && thrown.invocation.error?.contains("no") == true && thrown.value == nil)
      let big = try await lab.service.invoke(Self.call("f", #"{"kind":"big"}"#))
      #expect(big.invocation.status == .failed && big.invocation.error?.contains("BigInt") == true, "\(big.invocation)")
      let slow = try await lab.service.invoke(Self.call("f", #"{"kind":"slow"}"#, timeout: .milliseconds(300)))
      #expect(slow.invocation.status == .timeout)
    }
  }

  @Test func `More calls than workers wait for their turn, before the deliveries`() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default (event) => event.n ?? null", concurrency: 2)
      let values = try await withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<50 {
          group.addTask {
            let answer = try await lab.service.invoke(Self.call("f", #"{"n":\#(number)}"#))
            return String(decoding: answer.value ?? [], as: UTF8.self)
          }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(values == Set((0..<50).map(String.init)))
    }
  }

  @Test func `A function that is not there is named`() async throws {
    try await FunctionsLab.run { lab in
      await #expect(throws: RoostError.self) { try await lab.service.invoke(Self.call("none")) }
    }
  }
}
