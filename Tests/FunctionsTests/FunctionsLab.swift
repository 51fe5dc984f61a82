import Core
import Glibc
import JSON
import Synchronization
import TestKit
import Testing

@testable import Functions

/// A running functions service over fakes, with real Deno workers.
final class FunctionsLab: Sendable {
  let backend: MemoryBackend
  let api: RecordingAPI
  let clock: ManualClock
  let steady: any SteadyClock
  let service: FunctionsService
  let notices = Notices()
  let outbound = FakeOutbound()

  init(_ configuration: FunctionsConfiguration, api: RecordingAPI, steady: any SteadyClock) {
    clock = ManualClock()
    backend = MemoryBackend(clock: clock)
    self.api = api
    self.steady = steady
    service = FunctionsService(
      project: "default", functions: backend, log: backend, secrets: backend.vault, api: api, outbound: outbound, configuration: configuration, clock: clock,
      steady: steady,
      notice: { [notices] in notices.add($0) })
  }

  /// Runs the body while the service runs, then drains it.
  static func run(
    api: RecordingAPI = RecordingAPI(), steady: any SteadyClock = MachineSteadyClock(), configuration: FunctionsConfiguration? = nil,
    _ body: @escaping @Sendable (FunctionsLab) async throws -> Void
  ) async throws {
    let lab = FunctionsLab(try configuration ?? machine(), api: api, steady: steady)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await lab.service.run() }
      do {
        try await body(lab)
      } catch {
        group.cancelAll()
        throw error
      }
      lab.service.drain()
      try await group.waitForAll()
    }
    #expect(lab.service.workers == 0)
  }

  /// What this machine has. A machine without Deno fails the tests: they would show nothing.
  static func machine() throws -> FunctionsConfiguration {
    let path = variable("PATH") ?? "/usr/bin:/bin"
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let deno =
      variable("ROOST_DENO").flatMap(FunctionsConfiguration.resolve) ?? FunctionsConfiguration.resolve("/" + root + "/.tools/bin/deno")
      ?? FunctionsConfiguration.locate("deno", searchPath: path)
    let found: String = try #require(deno, "No deno in ROOST_DENO, .tools/bin or PATH: run scripts/setup.")
    var configuration = FunctionsConfiguration(
      denoPath: found, bubblewrapPath: FunctionsConfiguration.locate("bwrap", searchPath: path), maxWorkers: 8, drainTime: .seconds(5))
    configuration.pythonPath = FunctionsConfiguration.locatePython(searchPath: path)
    return configuration
  }

  private static func variable(_ name: String) -> String? { Glibc.getenv(name).map { String(cString: $0) } }

  /// Deploys a function for all documents of `posts`, after the same check as in production.
  func deploy(
    _ source: String, name: String = "f", timeout: String = "10s", memory: String = "128MB", concurrency: Int = 4, attempts: Int = 1, backoff: String = "1ms",
    collection: String = "posts", env: JSONValue = [:], runtime: String = "javascript", entry: String? = nil
  ) async throws {
    let definition = try Self.definition(
      source, name: name, timeout: timeout, memory: memory, concurrency: concurrency, attempts: attempts, backoff: backoff, collection: collection, env: env,
      runtime: runtime, entry: entry)
    try await service.check(definition)
    _ = try await backend.deploy(definition, at: clock.now())
    await service.functionsChanged()
  }

  static func definition(
    _ source: String, name: String = "f", timeout: String = "10s", memory: String = "128MB", concurrency: Int = 4, attempts: Int = 1, backoff: String = "1ms",
    collection: String = "posts", env: JSONValue = [:], runtime: String = "javascript", entry: String? = nil
  ) throws -> FunctionDefinition {
    try FunctionDefinition(
      name: name,
      value: [
        "source": .string(source), "triggers": [["type": "document", "events": ["written"], "collection": .string(collection)]], "timeout": .string(timeout),
        "memory": .string(memory), "concurrency": .int(Int64(concurrency)), "retry": ["attempts": .int(Int64(attempts)), "backoff": .string(backoff)],
        "env": env, "runtime": .string(runtime), "entry": .string(entry ?? name + ".ts"),
      ])
  }

  /// The records of the first so many invocations, once they are there.
  func invocations(_ count: Int, within time: Duration = .seconds(30)) async throws -> [Invocation] {
    let arrived = await backend.reaches(time) { $0.invocations.count >= count }
    try #require(arrived, "\(backend.state.invocations.count) of \(count) invocations; \(notices.all)")
    return backend.state.invocations
  }

  /// The same as the backend's, while the clock that stands is moved a little: what came of runs is written down only some time later.
  func reaches(moving steady: ManualSteadyClock, _ condition: @escaping @Sendable (MemoryBackend.State) -> Bool) async -> Bool {
    for _ in 0..<600 {
      if await backend.reaches(.milliseconds(50), condition) { return true }
      steady.advance(by: FunctionsLimits.recordInterval)
      service.wake()
    }
    return false
  }

  /// Deploys, delivers one event, and returns the record of its only attempt.
  func outcome(_ source: String, timeout: String = "10s", memory: String = "128MB") async throws -> Invocation {
    try await deploy(source, timeout: timeout, memory: memory)
    backend.commit("1")
    return try await invocations(1)[0]
  }
}

final class Notices: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// A clock that stands still until the test moves it; then the service has to be told to look.
final class ManualSteadyClock: SteadyClock {
  private let time = Mutex(ContinuousClock.now)

  func now() -> ContinuousClock.Instant { time.withLock { $0 } }

  func advance(by duration: Duration) { time.withLock { $0 += duration } }
}
