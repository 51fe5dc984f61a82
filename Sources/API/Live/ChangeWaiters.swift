import Core
import Synchronization

/// Requests of the change feed that wait for the next change of their collection.
final class ChangeWaiters: ChangeListener {
  private struct Waiter {
    let collection: String
    /// What the request has seen.
    let sequence: Int64
    let deadline: ContinuousClock.Instant
    let continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var waiters: [Int: Waiter] = [:]
    var nextNumber = 0
    var isOver = false
  }

  private let state = Mutex(State())
  private let hub: ChangeHub

  init(hub: ChangeHub) {
    self.hub = hub
  }

  /// Returns when the collection may have changed after `sequence`, at the deadline, when cancelled, and when the server stops.
  func wait(for collection: String, after sequence: Int64, until deadline: ContinuousClock.Instant) async {
    let number = state.withLock { state in
      state.nextNumber += 1
      return state.nextNumber
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let waiter = Waiter(collection: collection, sequence: sequence, deadline: deadline, continuation: continuation)
        let waits = state.withLock { state in
          guard !state.isOver, !Task.isCancelled else { return false }
          if state.waiters.isEmpty { hub.join(self) }
          state.waiters[number] = waiter
          return true
        }
        guard waits else { return continuation.resume() }
        // What was handed on since the request looked does not come again.
        if let place = hub.place, place > sequence { resume { key, _ in key == number } }
      }
    } onCancel: {
      resume { key, _ in key == number }
    }
  }

  /// Whether requests may still wait.
  func stop() {
    state.withLock { $0.isOver = true }
    resume { _, _ in true }
  }

  var isOver: Bool { state.withLock { $0.isOver } }

  private func resume(_ isDue: (Int, Waiter) -> Bool) {
    let due = state.withLock { state in
      let due = state.waiters.filter { isDue($0.key, $0.value) }
      for key in due.keys { state.waiters[key] = nil }
      // Under the lock, so that nobody comes in between; the hub calls us without holding its own.
      if !due.isEmpty, state.waiters.isEmpty { hub.leave(self) }
      return due.values.map(\.continuation)
    }
    for continuation in due { continuation.resume() }
  }

  // MARK: From the hub

  func begin(at sequence: Int64) {
    resume { $1.sequence < sequence }
  }

  func take(_ batch: ChangeBatch) {
    let changed = Set(batch.changes.map(\.collection))
    resume { $1.sequence < batch.through && changed.contains($1.collection) }
  }

  var hasRoom: Bool { true }

  func tick() {
    let now = ContinuousClock.now
    resume { $1.deadline <= now }
  }
}
