import Synchronization

/// Reads the log once for all live queries of a project, and hands what was read to its listeners, one on each event loop. While nobody
/// listens it reads nothing.
package final class ChangeHub: Sendable {
  private struct State {
    /// The listeners, and whether they know already where the reading stands.
    var listeners: [ObjectIdentifier: (listener: any ChangeListener, hasBegun: Bool)] = [:]
    /// Everything up to here was handed on; nil while nobody listens.
    var position: Int64?
  }

  private let log: any EventLog
  private let prepare: @Sendable () async throws -> Void
  private let report: @Sendable (any Error) -> Void
  private let state = Mutex(State())
  private let isWanted = Atomic(false)
  private let bells: AsyncStream<Void>
  private let bell: AsyncStream<Void>.Continuation
  /// How often is looked without a bell: another process may have written, and what ends by the clock has to end.
  private static let interval = Duration.seconds(1)

  /// - Parameters:
  ///   - prepare: is awaited before changes are handed on, and every second; while it throws nothing is handed on.
  ///   - report: takes what went wrong; the hub tries again.
  package init(
    log: any EventLog, prepare: @escaping @Sendable () async throws -> Void, report: @escaping @Sendable (any Error) -> Void
  ) {
    self.log = log
    self.prepare = prepare
    self.report = report
    (bells, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// The listener hears where the reading stands (`begin`), and from then on everything after it.
  package func join(_ listener: any ChangeListener) {
    state.withLock { state in
      state.listeners[ObjectIdentifier(listener)] = (listener, false)
      isWanted.store(true, ordering: .releasing)
    }
    bell.yield()
  }

  package func leave(_ listener: any ChangeListener) {
    state.withLock { state in
      state.listeners[ObjectIdentifier(listener)] = nil
      if state.listeners.isEmpty {
        state.position = nil
        isWanted.store(false, ordering: .releasing)
      }
    }
  }

  /// Everything up to here was handed on; nil while nobody listens.
  package var place: Int64? { state.withLock { $0.position } }

  /// A listener can take more.
  package func wake() {
    bell.yield()
  }

  /// Reads until drained or cancelled. Call it once.
  package func run() async {
    log.onCommit { [self] in if isWanted.load(ordering: .acquiring) { bell.yield() } }
    await withDiscardingTaskGroup { group in
      group.addTask { [self] in
        while (try? await ContinuousClock().sleep(for: Self.interval)) != nil {
          if isWanted.load(ordering: .acquiring) { bell.yield() }
        }
      }
      var nextTick = ContinuousClock.now
      for await _ in bells {
        do {
          if ContinuousClock.now >= nextTick, isWanted.load(ordering: .acquiring) {
            nextTick = ContinuousClock.now + Self.interval
            try await prepare()
            for listener in listeners() { listener.tick() }
          }
          try await handOn()
        } catch {
          report(error)
        }
      }
      group.cancelAll()
    }
  }

  /// `run()` returns soon.
  package func drain() {
    bell.finish()
  }

  private func handOn() async throws {
    while let position = try await position() {
      let listeners = begun(at: position)
      guard !listeners.isEmpty, listeners.allSatisfy(\.hasRoom) else { return }
      let events = try await log.events(after: position, limit: Limits.changesPerBatchMax)
      guard let last = events.last?.sequence else { return }
      let batch = ChangeBatch(changes: events.compactMap(LoggedChange.init), through: last)
      // Whoever lost their rights before these changes were made must not see them.
      try await prepare()
      state.withLock { if $0.position == position { $0.position = last } }
      for listener in listeners { listener.take(batch) }
    }
  }

  private func listeners() -> [any ChangeListener] {
    state.withLock { $0.listeners.values.filter(\.hasBegun).map(\.listener) }
  }

  /// Where the reading stands; with the first listener it begins at the log's end.
  private func position() async throws -> Int64? {
    let (position, isIdle) = state.withLock { ($0.position, $0.listeners.isEmpty) }
    if isIdle { return nil }
    if let position { return position }
    let last = try await log.lastSequence()
    return state.withLock { state in
      guard !state.listeners.isEmpty else { return nil }
      state.position = state.position ?? last
      return state.position
    }
  }

  /// All listeners; new ones are told where the reading stands.
  private func begun(at position: Int64) -> [any ChangeListener] {
    let (new, all) = state.withLock { state in
      let new = state.listeners.values.filter { !$0.hasBegun }.map(\.listener)
      for listener in new { state.listeners[ObjectIdentifier(listener)]?.hasBegun = true }
      return (new, state.listeners.values.map(\.listener))
    }
    for listener in new { listener.begin(at: position) }
    return all
  }
}

/// What was read of the log: all changes of documents up to `through`.
package struct ChangeBatch: Sendable {
  package let changes: [LoggedChange]
  package let through: Int64
}

/// Who takes the changes. Called by the hub, on any thread, in order.
package protocol ChangeListener: AnyObject, Sendable {
  /// Everything after `sequence` will come.
  func begin(at sequence: Int64)
  func take(_ batch: ChangeBatch)
  /// Whether another batch may come now; who said no wakes the hub.
  var hasRoom: Bool { get }
  /// A second has gone by.
  func tick()
}
