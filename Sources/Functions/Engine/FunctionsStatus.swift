import Core
import Synchronization

/// What the engine's thread shows to everybody.
final class FunctionsStatus: Sendable {
  struct View: Sendable {
    /// Of the runtimes that were tried.
    var probes: [FunctionRuntimeKind: FunctionsProbe] = [:]
    var workers = 0
    /// Workers that are up, by function.
    var instances: [String: Int] = [:]
    var failure: SandboxUnavailable?
  }

  private let state = Mutex(View())
  private let deployed = Mutex<[String: DeployedFunction]?>(nil)

  /// As they stand, by name; nil until they were read.
  var functions: [String: DeployedFunction]? { deployed.withLock { $0 } }

  func update(_ functions: [DeployedFunction]) {
    let byName = Dictionary(functions.map { ($0.definition.name, $0) }) { _, later in later }
    deployed.withLock { $0 = byName }
  }

  var view: View { state.withLock { $0 } }

  func update(probes: [FunctionRuntimeKind: FunctionsProbe]) {
    state.withLock { $0.probes = probes }
  }

  func update(workers: Int) {
    state.withLock { $0.workers = workers }
  }

  func update(instances: [String: Int]) {
    state.withLock { $0.instances = instances }
  }

  func fail(_ failure: SandboxUnavailable) {
    state.withLock { $0.failure = $0.failure ?? failure }
  }
}
