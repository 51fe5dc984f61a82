import Core
import JSON
import TestKit
import Testing

@testable import Functions

/// Whoever waits for a function is answered, whatever becomes of the function, the store and the server.
@Suite(.serialized) struct CallerEndTests {
  private static func call(_ function: String = "f", type: String = "test") -> DirectInvocation {
    DirectInvocation(function: function, event: Array("{}".utf8), eventType: type, eventSubject: "one")
  }

  /// What a call ends with.
  private static func end(_ lab: FunctionsLab, _ call: DirectInvocation) async -> String {
    do {
      return try await lab.service.invoke(call).invocation.status.rawValue
    } catch let error as RoostError {
      return error.code.rawValue
    } catch {
      return "\(error)"
    }
  }

  @Test(.timeLimit(.minutes(2))) func `callers wait only so long for functions that cannot be read`() async throws {
    let steady = ManualSteadyClock()
    let configuration = try FunctionsLab.machine()
    let lab = FunctionsLab(configuration, api: RecordingAPI(), steady: steady)
    lab.backend.change { $0.isUnreadable = true }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await lab.service.run() }
      async let early = Self.end(lab, Self.call())
      while lab.notices.all.isEmpty { await Task.yield() }
      steady.advance(by: FunctionsLimits.loadPatience)
      lab.service.wake()
      let first = await early
      #expect(first == "unavailable")
      let second = await Self.end(lab, Self.call())
      #expect(second == "unavailable")
      // And they get it as soon as they can be.
      _ = try await lab.backend.deploy(FunctionsLab.definition("export default () => 1"), at: lab.clock.now())
      lab.backend.change { $0.isUnreadable = false }
      await lab.service.functionsChanged()
      let third = await Self.end(lab, Self.call())
      #expect(third == "succeeded")
      lab.service.drain()
      try await group.waitForAll()
    }
  }

  @Test(.timeLimit(.minutes(2))) func `the caller of a remote function that was deleted is told when the server stops`() async throws {
    let hold = Hold()
    let told = Notices()
    try await FunctionsLab.run { lab in
      lab.outbound.answers { _ in
        await hold.wait()
        return .success(FakeOutbound.answer(204))
      }
      let manifest: JSONValue = ["runtime": "remote", "url": "https://hooks.example/in", "triggers": [["collection": "posts", "events": ["written"]]]]
      _ = try await lab.backend.deploy(FunctionDefinition(name: "f", value: manifest), at: lab.clock.now())
      await lab.service.functionsChanged()
      Task {
        let end = await Self.end(lab, Self.call())
        told.add(end)
        // What is late may come now.
        hold.open()
      }
      while lab.outbound.sent.isEmpty { await Task.yield() }
      _ = try await lab.backend.deleteFunction("f")
      await lab.service.functionsChanged()
    }
    #expect(told.all == ["function_not_found"])
  }

  /// Workers whose runs wait for the API until the gate is opened.
  private static func held(by gate: Hold) -> RecordingAPI {
    RecordingAPI { _ in
      await gate.wait()
      return RecordingAPI.json(200, "{}")
    }
  }

  private static let asking = "export default async (event, { api }) => { await api('GET', '/v1/health'); };"

  @Test(.timeLimit(.minutes(2))) func `a call whose version is gone ends with the next, if that cannot be loaded`() async throws {
    let gate = Hold()
    try await FunctionsLab.run(api: Self.held(by: gate)) { lab in
      try await lab.deploy(Self.asking, timeout: "60s", concurrency: 1)
      async let first = Self.end(lab, Self.call())
      while lab.api.calls.isEmpty { await Task.yield() }
      async let second = Self.end(lab, Self.call())
      while try await lab.service.measure().functions.first?.calls != 1 { await Task.yield() }
      // Not checked: as if it had loaded when it was deployed.
      _ = try await lab.backend.deploy(FunctionsLab.definition("throw new Error('not today');", timeout: "60s", concurrency: 1), at: lab.clock.now())
      await lab.service.functionsChanged()
      gate.open()
      let ends = await [first, second]
      #expect(ends == ["succeeded", "failed"])
    }
  }

  @Test(.timeLimit(.minutes(2))) func `when the time is over callers are told, and the service ends when it is drained`() async throws {
    let gate = Hold()
    try await FunctionsLab.run(api: Self.held(by: gate)) { lab in
      try await lab.deploy(Self.asking, timeout: "60s", concurrency: 1)
      async let running = Self.end(lab, Self.call())
      while lab.api.calls.isEmpty { await Task.yield() }
      async let waiting = Self.end(lab, Self.call())
      lab.service.stop(after: .milliseconds(200))
      let early = await waiting
      gate.open()
      let late = await running
      #expect([early, late] == ["unavailable", "unavailable"])
      let after = await Self.end(lab, Self.call())
      #expect(after == "unavailable")
      // It is there until it is drained.
      await lab.service.functionsChanged()
      #expect(lab.backend.state.invocations.isEmpty)
    }
  }
}
