import Synchronization

/// Who follows what functions print. The Functions room tells it of lines as they are printed; costs a look at a counter while nobody follows.
package final class LogTails: Sendable {
  /// Gets lines as they come; nil when the function was deleted, and no more come.
  package typealias Listener = @Sendable ([InvocationLog]?) -> Void

  private struct Follower {
    let listener: Listener
    var hasBegun = false
  }

  private struct State {
    var followers: [String: [UInt64: Follower]] = [:]
    var next: UInt64 = 1
  }

  private let state = Mutex(State())
  private let count = Atomic(0)
  private let joined: @Sendable (String, UInt64) -> Bool

  /// `joined` hears of each new follower and sees to it that `begin` is called for it; false if nothing is printed any more.
  package init(joined: @escaping @Sendable (_ function: String, _ follower: UInt64) -> Bool) {
    self.joined = joined
  }

  package var isWatched: Bool { count.load(ordering: .relaxed) > 0 }

  package var watchers: Int { count.load(ordering: .relaxed) }

  /// The functions that somebody follows.
  package var followed: Set<String> { state.withLock { Set($0.followers.keys) } }

  /// `listener` is called on the functions' thread: it must only hand on. First once, with the lines of runs that are not recorded yet, perhaps none: what is
  /// recorded from that call on comes, and each line once, in the order of their ids. Nil when the server stops.
  package func watch(_ function: String, _ listener: @escaping Listener) -> UInt64? {
    count.add(1, ordering: .relaxed)
    let id = state.withLock { state in
      defer { state.next += 1 }
      state.followers[function, default: [:]][state.next] = Follower(listener: listener)
      return state.next
    }
    if joined(function, id) { return id }
    leave(function, id)
    return nil
  }

  package func leave(_ function: String, _ id: UInt64) {
    let left = state.withLock { state in
      let left = state.followers[function]?.removeValue(forKey: id) != nil
      if state.followers[function]?.isEmpty == true { state.followers[function] = nil }
      return left
    }
    if left { count.subtract(1, ordering: .relaxed) }
  }

  package func begin(_ function: String, _ id: UInt64, with lines: [InvocationLog]) {
    let listener = state.withLock { state in
      state.followers[function]?[id]?.hasBegun = true
      return state.followers[function]?[id]?.listener
    }
    listener?(lines)
  }

  package func printed(_ lines: [InvocationLog], by function: String) {
    guard isWatched, !lines.isEmpty else { return }
    let listeners = state.withLock { $0.followers[function].map { $0.values.filter(\.hasBegun).map(\.listener) } ?? [] }
    for listener in listeners { listener(lines) }
  }

  /// The function is not there any more.
  package func deleted(_ function: String) {
    guard isWatched else { return }
    let listeners = state.withLock { $0.followers[function].map { $0.values.map(\.listener) } ?? [] }
    for listener in listeners { listener(nil) }
  }
}
