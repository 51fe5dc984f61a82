import Core
import Glibc
import Synchronization
import TestKit
import Testing

@testable import Functions

@Suite("The life of workers", .serialized)
struct WorkerLifeTests {
  @Test("A worker serves many events: one cold start, then warm calls, and the module keeps its state")
  func reuse() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("let n = 0; export default () => { console.log(++n); };", concurrency: 1)
      for n in 0..<50 { lab.backend.commit("\(n)") }
      let runs = try await lab.invocations(50)
      #expect(runs.filter(\.isCold).count == 1 && runs[0].isCold)
      #expect(lab.backend.state.messages == (1...50).map(String.init))
    }
  }

  @Test("Workers grow up to the concurrency limit, not beyond")
  func growth() async throws {
    let gate = Gate()
    let api = RecordingAPI { _ in
      await gate.pass()
      return RecordingAPI.json(200, "{}")
    }
    try await FunctionsLab.run(api: api) { lab in
      try await lab.deploy("export default async (event, { api }) => { await api('GET', '/v1/x'); };", concurrency: 3)
      for n in 0..<10 { lab.backend.commit("\(n)") }
      try #require(await until { api.calls.count == 3 })
      gate.open()
      _ = try await lab.invocations(10)
      #expect(lab.backend.state.invocations.filter(\.isCold).count <= 3)
    }
  }

  @Test("Idle workers end after a while; the warm spare stays")
  func idleShrink() async throws {
    let steady = ManualSteadyClock()
    try await FunctionsLab.run(steady: steady) { lab in
      try await lab.deploy("export default () => {};", concurrency: 2)
      lab.backend.commit("1")
      _ = try await lab.invocations(1)
      try #require(
        await until {
          lab.service.wake(); return lab.service.workers == 2
        })
      steady.advance(by: .seconds(59))
      lab.service.wake()
      lab.backend.commit("2")
      #expect(try await lab.invocations(2)[1].isCold == false)
      steady.advance(by: .seconds(61))
      try #require(
        await until {
          lab.service.wake(); return lab.service.workers == 1
        })
      lab.backend.commit("3")
      #expect(try await lab.invocations(3)[2].isCold)
    }
  }

  @Test("A deleted function's workers end")
  func deleted() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default () => {};")
      lab.backend.commit("1")
      _ = try await lab.invocations(1)
      _ = try await lab.backend.deleteFunction("f")
      await lab.service.functionsChanged()
      try #require(
        await until {
          lab.service.wake(); return lab.service.workers == 0
        })
      lab.backend.commit("2")
    }
  }

  @Test("A busy function does not keep another from its worker")
  func fairness() async throws {
    let gate = Gate()
    let api = RecordingAPI { _ in
      await gate.pass()
      return RecordingAPI.json(200, "{}")
    }
    var configuration = try FunctionsLab.machine()
    configuration.maxWorkers = 4
    try await FunctionsLab.run(api: api, configuration: configuration) { lab in
      try await lab.deploy("export default async (event, { api }) => { await api('GET', '/v1/x'); };", name: "busy", concurrency: 100)
      for n in 0..<50 { lab.backend.commit("\(n)") }
      try #require(await until { api.calls.count >= 3 })
      try await lab.deploy("export default () => {};", name: "small", collection: "notes")
      lab.backend.commit("n", collection: "notes")
      #expect(await lab.backend.reaches { $0.invocations.contains { $0.function == "small" && $0.status == .succeeded } })
      gate.open()
      _ = try await lab.invocations(51)
    }
  }

  @Test("Nothing is left alive after the end, whatever ran")
  func nothingLeft() async throws {
    let before = try children()
    let ours = Mutex<Set<Int32>>([])
    try await FunctionsLab.run { lab in
      try await lab.deploy("export default () => { while (true) {} };", name: "loop", timeout: "5s", concurrency: 2)
      try await lab.deploy("export default () => {};", name: "idle")
      for n in 0..<4 { lab.backend.commit("\(n)") }
      try #require(await lab.backend.reaches { $0.invocations.contains { $0.function == "idle" } })
      // Other suites have workers of their own, which come and go.
      let started = try children().subtracting(before)
      #expect(started.count >= 2)
      ours.withLock { $0 = started }
    }
    #expect(await until { (try? children())?.isDisjoint(with: ours.withLock { $0 }) == true })
  }

  /// Processes that descend from this one and are no zombies.
  private func children() throws -> Set<Int32> {
    var parents: [Int32: Int32] = [:]
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard let pid = Int32(name), let file = fopen("/proc/\(name)/stat", "r") else { continue }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 1024)
      guard fgets(&line, 1024, file) != nil else { continue }
      // pid (name) state parent …: the name may hold anything, so count from the last parenthesis (proc(5)).
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
      guard fields.count > 2, fields[1] != "Z" else { continue }
      parents[pid] = Int32(fields[2])
    }
    return Set(
      parents.keys.filter { pid in
        var next = parents[pid]
        while let parent = next, parent > 1 {
          if parent == getpid() { return true }
          next = parents[parent]
        }
        return false
      })
  }

  /// Looks again and again, without a pause between, for at most half a minute.
  private func until(_ condition: () -> Bool) async -> Bool {
    let end = ContinuousClock.now + .seconds(30)
    while !condition() {
      guard ContinuousClock.now < end else { return false }
      await Task.yield()
    }
    return true
  }
}
