import Core
import Synchronization

/// What the engine's thread shows to everybody.
final class FunctionsStatus: Sendable {
  struct View: Sendable {
    /// Of the runtimes that were tried.
    var probes: [FunctionRuntimeKind: FunctionsProbe] = [:]
    var workers = 0
    var failure: SandboxUnavailable?
  }

  private let state = Mutex(View())

  var view: View { state.withLock { $0 } }

  func update(probes: [FunctionRuntimeKind: FunctionsProbe], workers: Int) {
    state.withLock { state in
      state.probes = probes
      state.workers = workers
    }
  }

  func fail(_ failure: SandboxUnavailable) {
    state.withLock { $0.failure = $0.failure ?? failure }
  }
}
