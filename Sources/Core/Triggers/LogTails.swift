import Synchronization

/// Who watches what functions print. The Functions room tells it of each run's lines when they are recorded; costs a look at a counter while nobody watches.
package final class LogTails: Sendable {
  /// Gets lines as they come; nil when the function was deleted, and no more come.
  package typealias Listener = @Sendable ([InvocationLog]?) -> Void

  private struct State {
    var listeners: [String: [UInt64: Listener]] = [:]
    var next: UInt64 = 1
  }

  private let state = Mutex(State())
  private let count = Atomic(0)

  package init() {}

  package var isWatched: Bool { count.load(ordering: .relaxed) > 0 }

  package var watchers: Int { count.load(ordering: .relaxed) }

  /// `listener` is called on the functions' thread: it must only hand on.
  package func watch(_ function: String, _ listener: @escaping Listener) -> UInt64 {
    count.add(1, ordering: .relaxed)
    return state.withLock { state in
      defer { state.next += 1 }
      state.listeners[function, default: [:]][state.next] = listener
      return state.next
    }
  }

  package func leave(_ function: String, _ id: UInt64) {
    let left = state.withLock { state in
      let left = state.listeners[function]?.removeValue(forKey: id) != nil
      if state.listeners[function]?.isEmpty == true { state.listeners[function] = nil }
      return left
    }
    if left { count.subtract(1, ordering: .relaxed) }
  }

  package func printed(_ lines: [InvocationLog], by function: String) {
    guard isWatched, !lines.isEmpty else { return }
    let listeners = state.withLock { $0.listeners[function].map { Array($0.values) } ?? [] }
    for listener in listeners { listener(lines) }
  }

  /// The function is not there any more.
  package func deleted(_ function: String) {
    guard isWatched else { return }
    let listeners = state.withLock { $0.listeners[function].map { Array($0.values) } ?? [] }
    for listener in listeners { listener(nil) }
  }
}
