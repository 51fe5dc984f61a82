import Core
import HTTPServer
import JSON

/// One open live query: a connection that gets what its group gets.
///
/// `@unchecked Sendable` because what can change is touched only on its event loop.
final class LiveSubscription: HTTPPushListener, @unchecked Sendable {
  enum Stage {
    /// Being brought up to where its group stands.
    case joining
    case live
    case gone
  }

  let group: LiveGroup
  let credential: LiveCredential
  /// Whose it is, for the limit of one caller.
  let owner: String
  private unowned let lane: LiveLane
  private var exchange: HTTPExchange?
  private var push: HTTPPush?
  private var refuse: ((any Error) -> Void)?

  var stage = Stage.joining
  /// Everything up to here it has.
  var position: Int64 = 0
  /// It had something that its cursor no longer fits: it has to forget it.
  var mustReset = false
  /// Its place among its group's subscriptions.
  var index = -1

  init(
    _ group: LiveGroup, lane: LiveLane, credential: LiveCredential, owner: String, exchange: HTTPExchange, refuse: @escaping (any Error) -> Void
  ) {
    self.group = group
    self.lane = lane
    self.credential = credential
    self.owner = owner
    self.exchange = exchange
    self.refuse = refuse
  }

  /// Whether somebody still waits for the first answer, or listens.
  var isWanted: Bool { stage != .gone && (push != nil || exchange?.isWaiting == true) }

  /// Sends events; the first ones begin the answer. A connection that is gone, or too slow, leaves by itself.
  /// With `sent`, which is called when the kernel has it all, it may be as large as it likes.
  func send(_ piece: HTTPPiece, sent: (@Sendable () -> Void)? = nil) {
    guard stage != .gone else { return }
    guard let push else { return begin(piece, sent) }
    if let sent { _ = push.send(piece, sent: sent) } else { _ = push.send(piece) }
  }

  private func begin(_ piece: HTTPPiece, _ sent: (@Sendable () -> Void)?) {
    let live = lane.live
    let push = exchange?.respondPush(
      status: 200, headers: EventStream.headers, heartbeat: EventStream.heartbeat, every: live.heartbeat,
      unsentBytesMax: piece.count + Limits.liveUnsentBytesMax, unsentBytesMin: piece.count + Limits.liveUnsentBytesMin, backlog: live.backlog,
      listener: self)
    (self.push, exchange, refuse) = (push, nil, nil)
    guard let push else { return lane.leave(self) }
    defer { if lane.loop.isDraining { end(.serverStopping) } }
    guard piece.count >= LiveQueries.largeBytes || sent != nil else {
      _ = push.send(piece)
      return
    }
    live.snapshotBytesUnsent.add(piece.count, ordering: .relaxed)
    _ = push.send(piece) {
      live.snapshotBytesUnsent.subtract(piece.count, ordering: .relaxed)
      sent?()
    }
  }

  /// Ends it: with an `end` event, or before the answer has begun with an error.
  func end(_ reason: LiveEnd) {
    guard stage != .gone else { return }
    lane.leave(self)
    push?.finish(EventStream.end(reason))
    refuse?(reason.error)
    close()
  }

  /// It could not be begun.
  func fail(_ error: any Error) {
    guard stage != .gone else { return }
    guard let refuse else { return end(.unavailable) }
    lane.leave(self)
    refuse(error)
    close()
  }

  private func close() {
    (push, exchange, refuse) = (nil, nil, nil)
  }

  // MARK: From the connection

  func pushClosed() {
    lane.leave(self)
    close()
  }

  func serverDrains() {
    end(.serverStopping)
  }
}

extension LiveEnd {
  /// The same as an error, for what has not begun to answer.
  var error: RoostError {
    switch self {
    case .functionDeleted: RoostError(.functionNotFound, "The function was deleted just now.")
    case .tokenExpired: RoostError(.tokenExpired, "The access token has expired. Get a new one from /v1/auth/refresh.")
    case .sessionEnded: RoostError(.tokenInvalid, "This session was ended. Sign in again.")
    case .collectionDeleted: RoostError(.collectionNotFound, "The collection was deleted just now.")
    case .cursorExpired: RoostError(.cursorExpired, "The log does not go back to this cursor. Read the documents anew and begin with a new cursor.")
    case .rulesChanged, .serverStopping, .unavailable:
      RoostError(.unavailable, "The live query could not begin just now. Try again in a moment.", retryAfter: .seconds(1))
    }
  }
}

/// Subscriptions that see the same: judged and written once for all of them.
final class LiveGroup {
  var query: LiveQuery
  let presentation: LivePresentation
  let asksForRequest: Bool
  private(set) var subscriptions: [LiveSubscription] = []
  /// Who waits for the next snapshot; who comes while one is being read waits for another, so that none is older than its request.
  var waitingForSnapshot: [LiveSubscription] = []
  var isReadingSnapshot = false

  init(_ query: LiveQuery, _ presentation: LivePresentation) {
    self.query = query
    self.presentation = presentation
    asksForRequest = query.asksForRequest
  }

  var isEmpty: Bool { subscriptions.isEmpty }

  func add(_ subscription: LiveSubscription) {
    subscription.index = subscriptions.count
    subscriptions.append(subscription)
  }

  func remove(_ subscription: LiveSubscription) {
    let index = subscription.index
    guard subscriptions.indices.contains(index), subscriptions[index] === subscription else { return }
    let last = subscriptions.removeLast()
    if last !== subscription {
      subscriptions[index] = last
      last.index = index
    }
    subscription.index = -1
  }
}

/// Subscriptions on their way to where their group stands, from the same place.
struct LiveJoin {
  var subscriptions: [LiveSubscription]
  /// What they hear first.
  var opening: [UInt8]
  /// What `ready` says.
  let facts: JSONValue
  /// Its place was read from this log, not brought by a caller.
  var isKnown: Bool
}
