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
