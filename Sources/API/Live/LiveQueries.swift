import Core
import HTTPServer
import Synchronization

/// A project's live queries: counts them, keeps one lane for each event loop, and watches what their callers' rights rest on.
package final class LiveQueries: Sendable {
  private struct State {
    var lanes: [Int: LiveLane] = [:]
    var total = 0
    var perOwner: [String: Int] = [:]
    /// Opaque tokens that open streams rest on, and how many streams.
    var opaqueTokens: [String: Int] = [:]
    var opaqueTokensVersion = 0
    var nextLook = ContinuousClock.now
  }

  let project: Project
  let authenticator: Authenticator
  let clock: any WallClock
  let heartbeat: Duration
  let cursorKey: LiveCursorKey
  let snapshotBytesUnsent = Atomic(0)
  let backlog = HTTPPushBacklog(bytesMax: Limits.liveUnsentBytesTotalMax)
  private let openMax: Int
  private let state = Mutex(State())
  let hub: ChangeHub
  let waiters: ChangeWaiters
  /// A snapshot that is worth counting.
  static let largeBytes = 64 << 10
  /// How often the store is asked about opaque tokens: another process may revoke them without telling us.
  private static let lookInterval = Duration.seconds(5)

  package init(
    project: Project, authenticator: Authenticator, clock: any WallClock, cursorKey: LiveCursorKey, openMax: Int = Limits.liveQueriesMax,
    heartbeat: Duration = Limits.liveHeartbeat,
    report: @escaping @Sendable (any Error) -> Void
  ) {
    self.project = project
    self.authenticator = authenticator
    self.clock = clock
    self.openMax = openMax
    self.heartbeat = heartbeat
    self.cursorKey = cursorKey
    let guardian = LiveGuardian()
    hub = ChangeHub(log: project.log, prepare: { try await guardian.look() }, report: report)
    waiters = ChangeWaiters(hub: hub)
    guardian.connect(to: self)
  }

  /// Serves until drained.
  package func run() async { await hub.run() }

  package func drain() { hub.drain() }

  /// Answers those who wait for changes, so that the server need not wait for them. Streams hear of the end by their connections.
  package func endWaits() { waiters.stop() }

  /// Live queries that are open now.
  package var count: Int { state.withLock { $0.total } }

  func lane(of exchange: HTTPExchange) -> LiveLane {
    let number = exchange.request.lane
    return state.withLock { state in
      if let lane = state.lanes[number] { return lane }
      let lane = LiveLane(number, loop: exchange.lane, live: self)
      state.lanes[number] = lane
      return lane
    }
  }

  // MARK: Counting

  /// Throws `overloaded` or `too_many_requests`. Nobody may take more than half, so that others find room.
  func admit(_ owner: String, _ credential: LiveCredential) throws {
    try state.withLock { state in
      guard state.total < openMax, snapshotBytesUnsent.load(ordering: .relaxed) < Limits.snapshotBytesUnsentMax else {
        throw RoostError(.overloaded, "Too many live queries are open. Try again in a while.", retryAfter: .seconds(5))
      }
      guard state.perOwner[owner, default: 0] < max(1, openMax / 2) else {
        throw RoostError(.tooManyRequests, "You have too many live queries open. Close some of them.", retryAfter: .seconds(5))
      }
      state.total += 1
      state.perOwner[owner, default: 0] += 1
      if case .opaque(let token) = credential { state.opaqueTokens[token, default: 0] += 1 }
    }
  }

  func release(_ owner: String, _ credential: LiveCredential) {
    state.withLock { state in
      state.total -= 1
      state.perOwner.decrement(owner)
      if case .opaque(let token) = credential { state.opaqueTokens.decrement(token) }
    }
  }

  // MARK: Rights

  /// Asks the store about opaque tokens when some were revoked, and every few seconds, and ends what rests on those that are gone.
  fileprivate func lookAtOpaqueTokens() async throws {
    let version = authenticator.opaqueTokensVersion
    let tokens = state.withLock { state -> [String] in
      guard state.opaqueTokensVersion != version || ContinuousClock.now >= state.nextLook else { return [] }
      return Array(state.opaqueTokens.keys)
    }
    for token in tokens where try await !authenticator.knows(opaque: token) {
      for lane in state.withLock({ Array($0.lanes.values) }) { lane.end(allWith: .opaque(token)) }
    }
    state.withLock { state in
      guard !tokens.isEmpty || state.opaqueTokens.isEmpty else { return }
      state.opaqueTokensVersion = version
      state.nextLook = ContinuousClock.now + Self.lookInterval
    }
  }
}

/// Stands between the hub, which is made first, and the live queries that have it.
private final class LiveGuardian: Sendable {
  private let live = Mutex<LiveQueries?>(nil)

  func connect(to live: LiveQueries) {
    self.live.withLock { $0 = live }
  }

  func look() async throws {
    try await live.withLock { $0 }?.lookAtOpaqueTokens()
  }
}

extension [String: Int] {
  fileprivate mutating func decrement(_ key: String) {
    guard let count = self[key] else { return }
    self[key] = count > 1 ? count - 1 : nil
  }
}
