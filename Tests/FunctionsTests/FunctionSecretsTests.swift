import Core
import JSON
import Testing

@testable import Functions

/// Secrets on their way into workers, and not out again.
@Suite(.serialized) struct FunctionSecretsTests {
  @Test func `a function gets the project's secrets and its own, and the nearer one wins`() async throws {
    try await FunctionsLab.run { lab in
      let vault = lab.backend.vault
      _ = try await vault.set("SHARED", to: "from-the-project", of: nil, at: lab.clock.now())
      _ = try await vault.set("BOTH", to: "from-the-project", of: nil, at: lab.clock.now())
      _ = try await vault.set("BOTH", to: "from-the-function", of: "f", at: lab.clock.now())
      _ = try await vault.set("OTHER", to: "of-another", of: "g", at: lab.clock.now())
      try await lab.deploy(
        "export default (event, { env, log }) => { log.info([env.SHARED, env.BOTH, env.OTHER, env.PLAIN].map((x) => x?.split('').join(' ')).join('|')); }",
        env: ["PLAIN": "p", "SHARED": "from-env"])
      lab.backend.commit("1")
      _ = try await lab.invocations(1)
      #expect(lab.backend.state.messages == ["f r o m - e n v|f r o m - t h e - f u n c t i o n||p"])
    }
  }

  @Test func `values are masked in logs and errors, short ones are not`() async throws {
    try await FunctionsLab.run { lab in
      _ = try await lab.backend.vault.set("KEY", to: "s3cret-value", of: "f", at: lab.clock.now())
      _ = try await lab.backend.vault.set("LONGER", to: "s3cret-value-2", of: nil, at: lab.clock.now())
      _ = try await lab.backend.vault.set("SHORT", to: "abc", of: nil, at: lab.clock.now())
      try await lab.deploy(
        "export default (event, { env, log }) => { log.info(`a ${env.KEY} b ${env.LONGER} c ${env.SHORT}`); throw new Error('bad ' + env.KEY); }")
      lab.backend.commit("1")
      let invocation = try await lab.invocations(1)[0]
      #expect(lab.backend.state.messages.contains("a *** b *** c abc"))
      #expect(invocation.error?.contains("bad ***") == true && invocation.error?.contains("s3cret") == false)
      #expect(await lab.backend.reaches { $0.deadLetters.count == 1 })
      #expect(!lab.backend.state.deadLetters[0].error.contains("s3cret"))
    }
  }

  @Test func `a refused deploy does not show them either`() async throws {
    try await FunctionsLab.run { lab in
      _ = try await lab.backend.vault.set("KEY", to: "s3cret-value", of: "f", at: lab.clock.now())
      let error = await #expect(throws: RoostError.self) {
        try await lab.deploy("const secret = Deno?.env ? 's3cret-value' : 's3cret-value'; throw new Error(secret); export default () => {};")
      }
      #expect(error?.message.contains("***") == true && error?.message.contains("s3cret-value") == false)
    }
  }

  @Test func `a changed secret reaches the next run, without dropping the one that runs`() async throws {
    let gate = Hold()
    let api = RecordingAPI { _ in
      await gate.wait()
      return RecordingAPI.json(200, "{}")
    }
    try await FunctionsLab.run(api: api) { lab in
      _ = try await lab.backend.vault.set("KEY", to: "one", of: "f", at: lab.clock.now())
      try await lab.deploy(
        "export default async (event, { env, log, api }) => { if (env.KEY == 'one') await api('GET', '/v1/health'); log.info(env.KEY); }", concurrency: 2)
      lab.backend.commit("a")
      while api.calls.isEmpty { await Task.yield() }
      _ = try await lab.backend.vault.set("KEY", to: "two", of: "f", at: lab.clock.now())
      await lab.service.functionsChanged()
      lab.backend.commit("b")
      #expect(await lab.backend.reaches { $0.messages == ["two"] })
      gate.open()
      #expect(await lab.backend.reaches { $0.messages == ["two", "one"] && $0.statuses == [.succeeded, .succeeded] })
    }
  }

  // Several times: it depends on the moment.
  @Test(arguments: 1...8) func `a run of a version that is gone is counted, whenever its worker ends`(_ time: Int) async throws {
    let gate = Hold()
    let api = RecordingAPI { _ in
      await gate.wait()
      return RecordingAPI.json(200, "{}")
    }
    let steady = ManualSteadyClock()
    // Whenever the engine looks, it is time to forget versions.
    let ticking = Task {
      await gate.wait()
      while !Task.isCancelled {
        steady.advance(by: .milliseconds(1100))
        try await Task.sleep(for: .milliseconds(1))
      }
    }
    defer { ticking.cancel() }
    try await FunctionsLab.run(api: api, steady: steady) { lab in
      _ = try await lab.backend.vault.set("KEY", to: "one", of: "f", at: lab.clock.now())
      let source = "export default async (event, { api }) => { await api('GET', '/v1/health'); await api('GET', '/v1/health'); Deno.exit(3); };"
      try await lab.deploy(source, timeout: "15m", concurrency: 1)
      lab.backend.commit("1")
      while api.calls.isEmpty { await Task.yield() }
      _ = try await lab.backend.vault.set("KEY", to: "two", of: "f", at: lab.clock.now())
      await lab.service.functionsChanged()
      gate.open()
      #expect(await lab.backend.reaches { $0.statuses.count == 1 }, "\(lab.backend.state.statuses)")
      // By a clock that runs away the service would give up the workers that it waits for in the end.
      ticking.cancel()
      _ = await ticking.result
    }
  }
}
