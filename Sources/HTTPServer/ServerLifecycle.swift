import Synchronization

/// Counts what still runs, so that a drain knows when all has ended.
final class ServerLifecycle: Sendable {
  private struct State {
    var connections = 0
    var tasks = 0
    var isDraining = false
    var waiters: [CheckedContinuation<Void, Never>] = []

    mutating func takeWaitersIfQuiet() -> [CheckedContinuation<Void, Never>] {
      guard isDraining, connections == 0, tasks == 0 else { return [] }
      defer { waiters = [] }
      return waiters
    }
  }

  private let state = Mutex(State())
  private let connectionsMax: Int

  init(connectionsMax: Int) {
    self.connectionsMax = connectionsMax
  }

  enum Admission {
    case admitted, full, draining
  }

  func connectionOpened() -> Admission {
    state.withLock { state in
      if state.isDraining { return .draining }
      if state.connections >= connectionsMax { return .full }
      state.connections += 1
      return .admitted
    }
  }

  func connectionClosed() {
    change { $0.connections -= 1 }
  }

  func taskStarted() {
    change { $0.tasks += 1 }
  }

  func taskEnded() {
    change { $0.tasks -= 1 }
  }

  /// Returns whether this is the first time.
  func beginDrain() -> Bool {
    var isFirst = false
    change { state in
      isFirst = !state.isDraining
      state.isDraining = true
    }
    return isFirst
  }

  var isDraining: Bool {
    state.withLock { $0.isDraining }
  }

  var connections: Int {
    state.withLock { $0.connections }
  }

  /// Returns when the drain has begun and nothing runs any more.
  func quiet() async {
    await withCheckedContinuation { continuation in
      change { $0.waiters.append(continuation) }
    }
  }

  /// Stops waiting for what does not end.
  func giveUp() {
    change { state in
      state.connections = 0
      state.tasks = 0
    }
  }

  private func change(_ body: (inout State) -> Void) {
    let waiters = state.withLock { state in
      body(&state)
      return state.takeWaitersIfQuiet()
    }
    for waiter in waiters { waiter.resume() }
  }
}
