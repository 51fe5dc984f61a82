import Core
import Synchronization

/// What the engine's thread shows to everybody.
final class FunctionsStatus: Sendable {
  struct View: Sendable {
    var level: SandboxLevel?
    var runtime: String?
    var reason: String?
    var workers = 0
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

  func update(level: SandboxLevel?, runtime: String?, reason: String?, workers: Int) {
    state.withLock { state in
      state.level = level
      state.runtime = runtime
      state.reason = reason
      state.workers = workers
    }
  }

  func fail(_ failure: SandboxUnavailable) {
    state.withLock { $0.failure = $0.failure ?? failure }
  }
}
