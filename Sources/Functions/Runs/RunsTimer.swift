import Core

/// When the store is to be asked about suspended runs, as a plain state machine: one question at a time, as soon as a run is due, when an event may
/// have come that one waits for, and when a run was suspended that the timer does not know of.
struct RunsTimer {
  private var agenda = RunsAgenda()
  /// Something was suspended, resumed or cancelled since the agenda was read.
  private var isOutdated = true
  /// The log has grown since it was read.
  private var hasNews = true
  private(set) var isAsking = false
  private var pausedUntil: Timestamp?
  /// When the log may be looked at again.
  private var matchAt: Timestamp?
  private(set) var matchedThrough: Int64 = 0

  mutating func runsChanged() { isOutdated = true }

  mutating func logChanged() { hasNews = true }

  /// Whether to ask now. Whoever asks tells the answer.
  mutating func ask(at now: Timestamp) -> Bool {
    guard !isAsking, Self.isOver(pausedUntil, FunctionsLimits.storeRetry, at: now) else { return false }
    let matches = hasNews && agenda.matchAfter != nil && Self.isOver(matchAt, FunctionsLimits.matchInterval, at: now)
    guard isOutdated || agenda.nextWake.map({ $0 <= now }) ?? false || matches else { return false }
    isAsking = true
    isOutdated = false
    hasNews = false
    pausedUntil = nil
    return true
  }

  /// A pause that ends further away than it is long was begun before the clock was set back.
  private static func isOver(_ pause: Timestamp?, _ length: Duration, at now: Timestamp) -> Bool {
    pause.map { $0 <= now || $0 > now + length } ?? true
  }

  mutating func answered(_ tended: TendedRuns, at now: Timestamp) {
    isAsking = false
    agenda = tended.agenda
    matchedThrough = max(matchedThrough, tended.matchedThrough)
    matchAt = tended.isAtEnd ? now + FunctionsLimits.matchInterval : nil
    if !tended.isAtEnd { hasNews = true }
  }

  /// The store refused.
  mutating func failed(at now: Timestamp) {
    isAsking = false
    isOutdated = true
    hasNews = true
    pausedUntil = now + FunctionsLimits.storeRetry
  }

  /// When to look at the clock again.
  var next: Timestamp? {
    guard !isAsking, pausedUntil == nil else { return pausedUntil }
    return [agenda.nextWake, hasNews && agenda.matchAfter != nil ? matchAt : nil].compactMap { $0 }.min()
  }

  /// The log is needed from there on.
  var matchAfter: Int64? { agenda.matchAfter }
}
