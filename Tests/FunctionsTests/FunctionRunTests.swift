import Core
import JSON
import TestKit
import Testing

@testable import Functions

@Suite("Durable runs of real workers", .serialized)
struct FunctionRunTests {
  private static let sleeper = """
    export default async (event, { api, step }) => {
      await step.run("a", async () => { await api("POST", "/v1/a"); });
      await step.sleep("2 days");
      await step.run("b", async () => { await api("POST", "/v1/b"); });
      return event.id;
    };
    """

  @Test("A sleep of two days ends after two days, and holds no document back meanwhile")
  func sleep() async throws {
    let steady = ManualSteadyClock()
    try await FunctionsLab.run(steady: steady) { lab in
      try await lab.deploy(Self.sleeper, concurrency: 1)
      lab.backend.commit("one")
      lab.backend.commit("one")
      try #require(await lab.backend.reaches { $0.runs.runs.values.filter { $0.status == .sleeping }.count == 2 }, "\(lab.notices.all)")
      #expect(lab.backend.state.cursors["f"] == 2 && lab.backend.state.parked["f"]?.isEmpty ?? true)
      for time in [Duration.seconds(2 * 86_400 - 1), .seconds(2)] {
        #expect(lab.api.calls.map(\.target) == ["/v1/a", "/v1/a"])
        lab.clock.advance(by: time)
        steady.advance(by: time)
        lab.service.wake()
      }
      try #require(await lab.backend.reaches { $0.runs.runs.values.allSatisfy { $0.status == .completed } })
      #expect(lab.api.calls.map(\.target) == ["/v1/a", "/v1/a", "/v1/b", "/v1/b"])
      #expect(
        lab.backend.state.runs.runs.values.map { $0.result.map { String(decoding: $0, as: UTF8.self) } }.sorted { $0 ?? "" < $1 ?? "" } == ["\"1\"", "\"2\""])
      let invocations = try await lab.invocations(4)
      #expect(invocations.map(\.status) == [.suspended, .suspended, .succeeded, .succeeded])
    }
  }

  @Test("Something that the function left running does not keep a worker from being freed")
  func leftovers() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("setInterval(() => {}, 50); export default async (event, { step }) => { await step.sleep('1h'); };")
      lab.backend.commit("one")
      try #require(await lab.backend.reaches { $0.runs.runs.values.contains { $0.status == .sleeping } }, "\(lab.notices.all)")
      #expect(try await lab.invocations(1)[0].status == .suspended)
    }
  }

  @Test("Nested steps are an error, not a hang")
  func nested() async throws {
    try await FunctionsLab.run { lab in
      let source = "export default async (event, { step }) => { await step.run('outer', async () => { await step.sleep('1h'); }); };"
      let invocation = try await lab.outcome(source)
      #expect(invocation.status == .failed && invocation.error?.contains("cannot be nested") == true)
    }
  }

  @Test("A worker that says that it is suspended without a run is ended")
  func breach() async throws {
    try await FunctionsLab.run { lab in
      let invocation = try await lab.outcome(
        """
        export default async (event, { api }) => { await api("STEP", "/begin"); await api("STEP", "/sleep", { body: { name: "s", n: 0, for: 1e9 } }); return 1; };
        """)
      // Whoever speaks by hand may end its run while a sleep is under way: then it is over.
      #expect(invocation.status == .succeeded)
      #expect(lab.backend.state.runs.runs.values.map(\.status) == [.completed])
    }
  }
}
