import Core
import JSON
import TestKit
import Testing

@testable import Functions

/// Workers that are given several runs at once. What went before says whether they are: so each test runs the function often enough first.
@Suite("Runs that a worker is given ahead", .serialized)
struct RunsAheadTests {
  private let first = 200

  /// Commits events of different documents while the worker is held up by the first of them, so that the others wait.
  private func backlog(_ lab: FunctionsLab, from: Int, count: Int) {
    lab.backend.commit((from..<from + count).map { ("d\($0)", .created, "posts", "{}", 0) })
  }

  private func warmUp(_ lab: FunctionsLab) async throws {
    backlog(lab, from: 0, count: first)
    _ = try await lab.invocations(first)
  }

  @Test("All of them run, once each, and share the time of the worker")
  func all() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default ({ subject }) => { console.log(subject); };", concurrency: 1)
      try await warmUp(lab)
      backlog(lab, from: first, count: 1000)
      let runs = try await lab.invocations(first + 1000)
      #expect(Set(runs.map(\.eventSubject)).count == runs.count)
      #expect(runs.allSatisfy { $0.status == .succeeded && $0.attempt == 1 && $0.duration >= .zero && $0.cpu.map { $0 >= .zero } != false })
      let logs = lab.backend.state.logs
      for run in runs { #expect(logs.filter { $0.invocation == run.id }.map(\.message) == [run.eventSubject]) }
      // One worker: no more time can have passed than from the first to the last.
      let sum = runs.reduce(Duration.zero) { $0 + $1.duration }
      #expect(sum > .zero)
    }
  }

  @Test("One that fails, ends its worker or hangs is tried again alone, and takes no attempt from those behind it")
  func poison() async throws {
    for (poison, status) in [
      ("throw new Error('no')", Invocation.Status.failed), ("Deno.exit(3)", .crashed),
      ("Promise.reject(new Error('late')); await new Promise((r) => setTimeout(r, 50))", .failed),
      ("for (;;) {}", .timeout),
    ] {
      try await FunctionsLab.run { lab in
        try await lab.deploy(
          "export default async ({ subject }) => { if (/d(300|333|399)$/.test(subject)) { \(poison); } };", timeout: "300ms", concurrency: 1, attempts: 2)
        try await warmUp(lab)
        backlog(lab, from: first, count: 300)
        // Retries wait for a clock that stands.
        for _ in 0..<100 where await !lab.backend.reaches(.milliseconds(100), { $0.deadLetters.count == 3 }) {
          lab.clock.advance(by: .milliseconds(10))
          lab.service.wake()
        }
        let runs = try await lab.invocations(first + 300 + 3)
        let bad = runs.filter { $0.status != .succeeded }
        #expect(bad.count == 6 && bad.allSatisfy { $0.status == status && ["posts/d300", "posts/d333", "posts/d399"].contains($0.eventSubject) }, "\(poison)")
        #expect(Set(runs.filter { $0.status == .succeeded }.map(\.eventSubject)).count == first + 300 - 3, "\(poison)")
        #expect(await lab.backend.reaches { $0.deadLetters.count == 3 && $0.cursors["f"] == Int64(first + 300) }, "\(poison)")
      }
    }
  }

  @Test("One that asks the API gets its own answer, although others wait behind it")
  func calls() async throws {
    for runtime in ["javascript", "python"] {
      try await FunctionsLab.run { lab in
        let source =
          runtime == "python"
          ? "def handler(event, context):\n  if event['subject'][-1] == '7': print(context.api('GET', '/v1/x?' + event['subject']).status)"
          : "export default async ({ subject }, { api }) => { if (subject.endsWith('7')) console.log((await api('GET', '/v1/x?' + subject)).status); };"
        try await lab.deploy(source, concurrency: 1, runtime: runtime)
        backlog(lab, from: 0, count: 1000)
        let runs = try await lab.invocations(1000)
        #expect(runs.allSatisfy { $0.status == .succeeded }, "\(runs.first { $0.status != .succeeded }?.error ?? "")")
        #expect(lab.backend.state.logs.count == 100 && Set(lab.backend.state.logs.map(\.invocation)).count == 100)
      }
    }
  }

  @Test("A call over HTTP belongs to the run that makes it")
  func callsOverHTTP() async throws {
    let api = RecordingAPI()
    try await FunctionsLab.run(api: api) { lab in
      try await lab.deploy(
        """
        import os, urllib.request

        def handler(event, context):
            if event["subject"].endswith("00"):
                request = urllib.request.Request(os.environ["ROOST_URL"] + "/v1/documents/x", b"{}", {"Authorization": "Bearer " + os.environ["ROOST_TOKEN"]})
                print(urllib.request.urlopen(request).status)
        """, concurrency: 1, runtime: "python")
      guard lab.service.probes[.python]?.level == .full else { return }
      backlog(lab, from: 1, count: 2000)
      let runs = try await lab.invocations(2000)
      #expect(runs.allSatisfy { $0.status == .succeeded && $0.attempt == 1 } && Set(runs.map(\.eventSubject)).count == runs.count)
      #expect(runs.count(where: \.isCold) == 1 && lab.api.calls.count == 20)
      let printed = Set(lab.backend.state.logs.map(\.invocation))
      #expect(printed == Set(runs.filter { $0.eventSubject.hasSuffix("00") }.map(\.id)))
    }
  }

  @Test("What a worker says past the protocol stands at the run that said it, and a crash has its last words")
  func words() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy(
        """
        import os

        def handler(event, context):
            if event["subject"].endswith("333"):
                os.write(2, b"so long\\n")
                os._exit(3)
        """, concurrency: 1, attempts: 1, runtime: "python")
      backlog(lab, from: 0, count: 600)
      let runs = try await lab.invocations(600)
      let crashed = runs.filter { $0.status != .succeeded }
      #expect(crashed.map(\.eventSubject) == ["posts/d333"] && crashed.allSatisfy { $0.error?.contains("so long") == true })
      #expect(lab.backend.state.logs.allSatisfy { $0.invocation == crashed.first?.id })
    }
  }

  @Test("A new version takes over while others wait, and none is lost or runs twice")
  func redeployed() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default () => {};", concurrency: 2)
      try await warmUp(lab)
      for round in 0..<5 {
        backlog(lab, from: first + round * 300, count: 300)
        try await lab.deploy("export default () => { /* \(round) */ };", concurrency: 2)
      }
      let runs = try await lab.invocations(first + 1500)
      #expect(runs.allSatisfy { $0.status == .succeeded } && Set(runs.map(\.eventSubject)).count == runs.count)
    }
  }
}
