import Core
import HTTPServer
import JSON
import Synchronization

/// The live queries of one event loop. Equal ones form a group, which is judged and written once for all of them.
///
/// A subscription joins in three steps: it is counted in its group; it is brought up to some place in the log, by a snapshot or by its
/// cursor; and from there, through the newest changes that the lane keeps, or through the log itself, to where the lane stands. Since the
/// lane takes every change after its own place, nothing is left out and nothing told twice.
///
/// `@unchecked Sendable` because what can change is touched only on its event loop.
final class LiveLane: ChangeListener, @unchecked Sendable {
  typealias Place = (join: LiveJoin, group: LiveGroup, position: Int64)

  let number: Int
  let loop: HTTPLane
  unowned let live: LiveQueries

  var collections: [String: [LiveFingerprint: LiveGroup]] = [:]
  /// Nil while nobody listens, and until the hub has said where it stands.
  var recent: RecentChanges?
  private var isJoined = false
  /// What waits for the hub's word, for the end of a batch, or for a place in the log that the lane has not come to.
  private var starting: [() -> Void] = []
  var afterBatch: [() -> Void] = []
  var early: [Place] = []
  /// What the newest changes since some place say to a group; until the next batch.
  var told: [ObjectIdentifier: (from: Int64, events: [UInt8])] = [:]
  /// Snapshots and stretches of the log being read, and those that wait.
  private var readings = 0
  private var readingsWaiting: [() -> Void] = []

  var batches: [ChangeBatch] = []
  var fanOut: LiveFanOut?
  private let batchesAhead = Atomic(0)

  private var configurationVersion: Int
  private var sessionsVersion: Int
  /// No user's token ends before this.
  private var nextExpiry = Timestamp(milliseconds: .max)

  init(_ number: Int, loop: HTTPLane, live: LiveQueries) {
    self.number = number
    self.loop = loop
    self.live = live
    configurationVersion = live.project.configurationVersion
    sessionsVersion = live.authenticator.sessionsVersion
  }

  // MARK: Coming and going

  /// Takes a new subscription up; it was admitted.
  func open(_ query: LiveQuery, _ presentation: LivePresentation, cursor: LiveCursor?, make: (LiveGroup, LiveLane) -> LiveSubscription) {
    let name = query.collection.name
    let group = collections[name]?[query.fingerprint] ?? LiveGroup(query, presentation)
    collections[name, default: [:]][query.fingerprint] = group
    let subscription = make(group, self)
    group.add(subscription)
    if case .user(_, let until) = subscription.credential { nextExpiry = min(nextExpiry, until) }
    // The session may have ended since the request came.
    if let reason = live.authenticator.end(of: subscription.credential, at: live.clock.now()) { return subscription.end(reason) }
    if !isJoined {
      isJoined = true
      live.hub.join(self)
    }
    if recent != nil {
      join(subscription, cursor)
    } else {
      starting.append { [self] in join(subscription, cursor) }
    }
  }

  func leave(_ subscription: LiveSubscription) {
    guard subscription.stage != .gone else { return }
    subscription.stage = .gone
    live.release(subscription.owner, subscription.credential)
    let group = subscription.group
    group.remove(subscription)
    guard group.isEmpty else { return }
    told[ObjectIdentifier(group)] = nil
    let name = group.query.collection.name
    if collections[name]?[group.query.fingerprint] === group { collections[name]?[group.query.fingerprint] = nil }
    guard collections[name]?.isEmpty == true else { return }
    collections[name] = nil
    if collections.isEmpty { rest() }
  }

  /// Nobody is left: the log need not be followed.
  private func rest() {
    isJoined = false
    live.hub.leave(self)
    (recent, starting, early, told) = (nil, [], [], [:])
  }

  // MARK: From the hub

  func begin(at sequence: Int64) {
    loop.execute { [self] in
      guard isJoined, recent == nil else { return }
      recent = RecentChanges(at: sequence)
      let waiting = starting
      starting = []
      for join in waiting { join() }
    }
  }

  func take(_ batch: ChangeBatch) {
    batchesAhead.add(1, ordering: .acquiringAndReleasing)
    loop.execute { [self] in
      batches.append(batch)
      if batches.count == 1 { work() }
    }
  }

  func batchDone() {
    batchesAhead.subtract(1, ordering: .acquiringAndReleasing)
    live.hub.wake()
  }

  var hasRoom: Bool { batchesAhead.load(ordering: .acquiring) < Limits.batchesAheadMax }

  func tick() {
    loop.execute { [self] in endWhatMayNotGoOn() }
  }

  func end(allWith credential: LiveCredential) {
    loop.execute { [self] in
      for subscription in everybody() where subscription.credential == credential { subscription.end(.sessionEnded) }
    }
  }

  // MARK: Rights

  private func everybody() -> [LiveSubscription] { collections.values.flatMap { $0.values.flatMap(\.subscriptions) } }

  /// Ends the queries whose rules have changed, and those whose callers' sessions are over. To be called before anything is told.
  func endWhatMayNotGoOn() {
    let configuration = live.project.configurationVersion
    if configuration != configurationVersion {
      configurationVersion = configuration
      for group in collections.values.flatMap(\.values) { renew(group) }
    }
    let sessions = live.authenticator.sessionsVersion
    let now = live.clock.now()
    guard sessions != sessionsVersion || now >= nextExpiry else { return }
    sessionsVersion = sessions
    nextExpiry = Timestamp(milliseconds: .max)
    for subscription in everybody() {
      if let reason = live.authenticator.end(of: subscription.credential, at: now) {
        subscription.end(reason)
      } else if case .user(_, let until) = subscription.credential {
        nextExpiry = min(nextExpiry, until)
      }
    }
  }

  private func renew(_ group: LiveGroup) {
    let collection = try? live.project.collection(group.query.collection.name)
    if let query = collection.flatMap(group.query.under) {
      group.query = query
    } else {
      for subscription in group.subscriptions { subscription.end(collection == nil ? .collectionDeleted : .rulesChanged) }
    }
  }

  // MARK: Reading

  /// Runs `read` when few enough are reading; it calls back, on any thread, when it is done.
  func reading<Value: Sendable>(
    _ read: @escaping (@escaping @Sendable (Result<Value, any Error>) -> Void) -> Void, then: @escaping (Result<Value, any Error>) -> Void
  ) {
    let then = OnLoop(then)
    let start = { [self] in
      readings += 1
      read { [self] result in
        loop.execute { [self] in
          readings -= 1
          if !readingsWaiting.isEmpty { readingsWaiting.removeFirst()() }
          then.run(result)
        }
      }
    }
    if readings < Limits.liveReadingsMax { start() } else { readingsWaiting.append(start) }
  }
}

/// Work that is made and run on one loop, and only carried through other threads.
///
/// `@unchecked Sendable` because nobody looks into it elsewhere.
struct OnLoop<Value>: @unchecked Sendable {
  private let work: (Value) -> Void

  init(_ work: @escaping (Value) -> Void) {
    self.work = work
  }

  func run(_ value: Value) { work(value) }
}
